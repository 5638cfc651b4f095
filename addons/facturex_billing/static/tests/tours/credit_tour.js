import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

// From the application menu: open the sent invoice, credit two chairs of five.
registry.category("web_tour.tours").add("facturex_credit_tour", {
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
            content: "The invoices",
            trigger: "[data-menu-xmlid='facturex_billing.menu_invoices']",
            run: "click",
        },
        {
            content: "Open the invoice",
            trigger: ".o_data_row:contains('Client Alpha') td[name='name']",
            run: "click",
        },
        {
            content: "It was sent: no way back to draft, no native credit note",
            trigger:
                ".o_form_view:not(:has(button[name='button_draft'])):not(:has(button[name='action_reverse']))",
        },
        {
            content: "Cancel it",
            trigger: "button[name='action_facturex_cancel_by_credit_note']",
            run: "click",
        },
        {
            content: "Only some lines",
            trigger: ".modal .o_field_widget[name='mode'] input[data-value='lines']",
            run: "click",
        },
        {
            content: "Say why",
            trigger: ".modal .o_field_widget[name='reason'] input",
            run: "edit Deux chaises rendues",
        },
        {
            content: "Two chairs",
            trigger: ".modal .o_data_row:contains('Chaise') td[name='quantity']",
            run: "click",
        },
        {
            content: "Two of five",
            trigger: ".modal .o_data_row td[name='quantity'] input",
            run: "edit 2",
        },
        {
            content: "Leave the line",
            trigger: ".modal .o_field_widget[name='reason'] input",
            run: "click",
        },
        {
            content: "The preview follows",
            trigger: ".modal .o_field_widget[name='amount_untaxed']:contains('40,00')",
        },
        {
            content: "Post it",
            trigger: ".modal footer button[name='action_confirm']:visible",
            run: "click",
        },
        {
            content: "The credit note is there",
            trigger:
                "body:not(:has(.modal)) .o_form_view:not(:has(button[name='action_facturex_cancel_by_credit_note'])) .o_data_row:contains('Chaise')",
        },
        {
            content: "And it is posted",
            trigger:
                "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current[data-value='posted']",
        },
    ],
});
