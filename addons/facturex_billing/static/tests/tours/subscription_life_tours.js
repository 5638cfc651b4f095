import { registry } from "@web/core/registry";

// What happens to a subscription after it began, in French, as a plain user.

const state = (value) =>
    `.o_statusbar_status button[data-value='${value}'].o_arrow_button_current`;

const back = {
    content: "Back to the subscription",
    trigger: ".o_back_button a, .breadcrumb-item.o_back_button",
    run: "click",
};

registry.category("web_tour.tours").add("facturex_subscription_from_assistant_tour", {
    steps: () => [
        {
            content: "The invoice left; it comes back every month",
            trigger: "button[name='action_make_recurring']",
            run: "click",
        },
        {
            content: "A draft with its line, billed until the invoice",
            trigger: ".o_field_widget[name='line_ids'] .o_data_row:contains('Work')",
        },
        {
            content: "What will leave is said before",
            trigger: ".alert-info:contains('sans intervention')",
        },
        {
            content: "Start",
            trigger: "button[name='action_confirm']",
            run: "click",
        },
        { content: "It runs", trigger: state("running") },
    ],
});

registry.category("web_tour.tours").add("facturex_subscription_from_order_tour", {
    steps: () => [
        {
            content: "Confirm the order",
            trigger: "button[name='action_confirm']",
            run: "click",
        },
        {
            content: "The subscription that it began",
            trigger: "button[name='action_facturex_view_subscriptions']",
            run: "click",
        },
        { content: "It runs", trigger: state("running") },
        {
            content: "With the product of the order",
            trigger: ".o_field_widget[name='line_ids'] .o_data_row:contains('Maintenance Alpha')",
        },
    ],
});

registry.category("web_tour.tours").add("facturex_subscription_change_tour", {
    steps: () => [
        {
            content: "Change it",
            trigger: "button[name='action_facturex_change']",
            run: "click",
        },
        {
            content: "The change is open",
            trigger: "button[name='action_apply']",
        },
        {
            content: "Its line",
            trigger: ".o_field_widget[name='line_ids'] .o_data_row td[name='price_unit']",
            run: "click",
        },
        {
            content: "A higher price",
            trigger: ".o_selected_row [name='price_unit'] input",
            run: "edit 90",
        },
        {
            content: "Leave the line",
            trigger: ".o_field_widget[name='reason'] input",
            run: "edit Plus de postes",
        },
        {
            content: "What will happen is said",
            trigger: ".o_field_widget[name='preview']:contains('Maintenance Alpha')",
        },
        {
            content: "Apply",
            trigger: "button[name='action_apply']",
            run: "click",
        },
        { content: "Done", trigger: state("done") },
        back,
        {
            content: "The history is on the subscription",
            trigger: ".nav-link[name='changes']",
            run: "click",
        },
        {
            content: "With its movement",
            trigger: ".o_field_widget[name='change_ids'] .o_data_row:contains('Hausse')",
        },
        {
            content: "Now a pause",
            trigger: "button[name='action_facturex_change']",
            run: "click",
        },
        {
            content: "The kinds of changes",
            trigger: ".o_field_widget[name='kind'] input",
            run: "click",
        },
        {
            content: "Choose the pause",
            trigger: ".o_select_menu_item:contains('Pause')",
            run: "click",
        },
        {
            content: "What will happen",
            trigger: ".o_field_widget[name='preview']:contains('Rien n')",
        },
        {
            content: "Apply",
            trigger: "button[name='action_apply']",
            run: "click",
        },
        { content: "Done", trigger: state("done") },
        back,
        { content: "It is paused", trigger: state("paused") },
        {
            content: "Stop it",
            trigger: "button[name='action_facturex_stop']",
            run: "click",
        },
        {
            content: "What is credited is said before",
            trigger: ".o_field_widget[name='preview']:contains('est crédité')",
        },
        {
            content: "Apply",
            trigger: "button[name='action_apply']",
            run: "click",
        },
        { content: "Done", trigger: state("done") },
        back,
        { content: "It is stopped", trigger: state("stopped") },
    ],
});

registry.category("web_tour.tours").add("facturex_subscription_figures_tour", {
    steps: () => [
        {
            content: "The figures above the list",
            trigger: ".o_facturex_figures:contains('60,00')",
            run: "click",
        },
        {
            content: "Twelve months",
            trigger: ".o_field_widget[name='months'] table tbody tr",
        },
        {
            content: "Cohorts",
            trigger: ".o_field_widget[name='cohorts'] table tbody tr",
        },
        {
            content: "What moved",
            trigger: "button[name='action_movements']",
            run: "click",
        },
        { content: "A graph of it", trigger: ".o_graph_renderer canvas" },
    ],
});
