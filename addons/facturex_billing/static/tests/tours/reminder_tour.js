import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

// From the application menu: look who is late, prepare, send, see that it leaves.
registry.category("web_tour.tours").add("facturex_reminder_tour", {
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
            content: "Whom do I chase today?",
            trigger: "[data-menu-xmlid='facturex_billing.menu_to_chase']",
            run: "click",
        },
        {
            content: "The late customer is in the plan",
            trigger: "[name='planned_ids']:contains('Client Alpha')",
        },
        {
            content: "Prepare the messages",
            trigger: "button[name='action_prepare']",
            run: "click",
        },
        {
            content: "The messages are proposals",
            trigger: ".o_list_view .o_data_row:contains('To approve')",
        },
        {
            content: "Open the message",
            trigger: ".o_data_row:contains('Client Alpha') td[name='partner_id']",
            run: "click",
        },
        {
            content: "Send it",
            trigger: "button[name='action_send']",
            run: "click",
        },
        {
            content: "It leaves, and cannot be sent again",
            trigger: ".o_form_view:not(:has(button[name='action_send']))",
        },
    ],
});
