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
            trigger: "[name='customer_ids'] .o_data_row:contains('Client Alpha')",
        },
        {
            content: "The dry run: what would be sent",
            trigger: ".nav-link[name='planned']",
            run: "click",
        },
        {
            content: "His invoice, at its level",
            trigger: "[name='planned_ids'] .o_data_row:contains('Friendly reminder')",
        },
        {
            content: "And who would not get anything, with the reason",
            trigger: ".nav-link[name='skipped']",
            run: "click",
        },
        {
            content: "The customer who disputes his invoice",
            trigger: "[name='skipped_ids'] .o_data_row:contains('In dispute')",
        },
        {
            content: "Back to the customers",
            trigger: ".nav-link[name='customers']",
            run: "click",
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
            content: "Approve it",
            trigger: "button[name='action_send']",
            run: "click",
        },
        {
            content: "It waits, and can be taken back",
            trigger: "button[name='action_undo']",
            run: "click",
        },
        {
            content: "It is a proposal again: approve it for good",
            trigger: "button[name='action_send']",
            run: "click",
        },
        {
            content: "Do not wait",
            trigger: "button[name='action_send_now']",
            run: "click",
        },
        {
            content: "It has left, and cannot be sent again",
            trigger: ".o_form_view:not(:has(button[name='action_send_now'])):not(:has(button[name='action_send']))",
        },
    ],
});

// The dispute of the customer is settled: release it, and he is reminded again.
registry.category("web_tour.tours").add("facturex_resume_tour", {
    steps: () => [
        {
            content: "What the customer said is there",
            trigger: ".o_list_view .o_data_row:contains('Client Alpha') td[name='kind']",
            run: "click",
        },
        {
            content: "His own words",
            trigger: ".o_form_view [name='note'] textarea, .o_form_view [name='note']",
        },
        {
            content: "Settled",
            trigger: "button[name='action_release']",
            run: "click",
        },
        {
            content: "Reminders resume",
            trigger: ".o_form_view:not(:has(button[name='action_release']))",
        },
    ],
});
