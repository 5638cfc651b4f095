import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

// In French: a ready-made policy, then a change that the law forbids.
registry.category("web_tour.tours").add("facturex_ready_policy_tour", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open the application",
            trigger: ".o_app[data-menu-xmlid='facturex_billing.menu_root']",
            run: "click",
        },
        {
            content: "Open the configuration",
            trigger: "[data-menu-xmlid='facturex_billing.menu_configuration']",
            run: "click",
        },
        {
            content: "The policies",
            trigger: "[data-menu-xmlid='facturex_billing.menu_dunning_policies']",
            run: "click",
        },
        {
            content: "Add one that is ready",
            trigger: "button:contains('Ajouter une politique')",
            run: "click",
        },
        {
            content: "For companies, standard: as proposed",
            trigger: ".modal [name='summary']:contains('de plein droit')",
        },
        {
            content: "Add it",
            trigger: ".modal button[name='action_create']",
            run: "click",
        },
        {
            content: "Its levels are in French",
            trigger: "[name='step_ids'] .o_data_row:contains('Mise en demeure')",
        },
        {
            content: "Now for consumers",
            trigger: "[name='profile_id'] input",
            run: "edit Belgique, consommateur",
        },
        {
            content: "Choose that law",
            trigger: ".o-autocomplete--dropdown-item:contains('Belgique, consommateur')",
            run: "click",
        },
        {
            content: "Save",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "The law is broken, and it says where",
            trigger: ".modal-body:contains('enfreint la loi')",
        },
        {
            content: "Understood",
            trigger: ".modal-footer button:first",
            run: "click",
        },
        {
            content: "Leave it as it was",
            trigger: ".o_form_button_cancel",
            run: "click",
        },
        {
            content: "Lawful again",
            trigger: ".o_form_saved, .o_form_view:not(:has(.o_form_button_save:visible))",
        },
    ],
});

// From an invoice: instalments that the customer agreed on.
registry.category("web_tour.tours").add("facturex_payment_plan_tour", {
    steps: () => [
        {
            content: "A plan for this invoice",
            trigger: "button[name='action_facturex_payment_plan']",
            run: "click",
        },
        {
            content: "Three instalments are proposed",
            trigger: "[name='line_ids'] .o_data_row:contains('33.34')",
        },
        {
            content: "The customer agrees",
            trigger: "button[name='action_agree']",
            run: "click",
        },
        {
            content: "It is agreed",
            trigger: ".o_arrow_button_current:contains('Agreed')",
        },
    ],
});
