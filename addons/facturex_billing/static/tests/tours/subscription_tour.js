import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

// From the application menu, in French: make a subscription, look at its dates, start it,
// see what would be billed, bill it, read the report.
registry.category("web_tour.tours").add("facturex_subscription_tour", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open the application",
            trigger: ".o_app[data-menu-xmlid='facturex_billing.menu_root']",
            run: "click",
        },
        {
            content: "Open the sales menu",
            trigger: "[data-menu-xmlid='facturex_billing.menu_sales']",
            run: "click",
        },
        {
            content: "The subscriptions",
            trigger: "[data-menu-xmlid='facturex_billing.menu_subscriptions']",
            run: "click",
        },
        {
            content: "A new one",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "For this customer",
            trigger: ".o_field_widget[name='partner_id'] input",
            run: "edit Client Alpha",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item:contains('Client Alpha')",
            run: "click",
        },
        {
            content: "A line",
            trigger: ".o_field_widget[name='line_ids'] .o_field_x2many_list_row_add :is(a, button)",
            run: "click",
        },
        {
            content: "Which product",
            trigger: ".o_selected_row .o_field_widget[name='product_id'] input",
            run: "edit Maintenance Alpha",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item:contains('Maintenance Alpha')",
            run: "click",
        },
        {
            content: "Save",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "Look at what will be billed",
            trigger: ".nav-link[name='schedule']",
            run: "click",
        },
        {
            content: "Twelve occurrences",
            trigger: ".o_field_widget[name='preview_ids'] .o_data_row:nth-child(12)",
        },
        {
            content: "Start",
            trigger: "button[name='action_confirm']",
            run: "click",
        },
        {
            content: "It runs",
            trigger: ".o_statusbar_status button[data-value='running'].o_arrow_button_current",
        },
        {
            content: "Back to the sales menu",
            trigger: "[data-menu-xmlid='facturex_billing.menu_sales']",
            run: "click",
        },
        {
            content: "What is due today",
            trigger: "[data-menu-xmlid='facturex_billing.menu_subscription_billing']",
            run: "click",
        },
        {
            content: "The invoice that would be made",
            trigger: "[name='billed_ids'] .o_data_row:contains('Client Alpha')",
        },
        {
            content: "Bill",
            trigger: "button[name='action_bill']",
            run: "click",
        },
        {
            content: "The report of the run",
            trigger: "button[name='action_view_invoices']:contains('1')",
        },
    ],
});
