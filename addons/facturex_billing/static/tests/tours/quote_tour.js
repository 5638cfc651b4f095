import { registry } from "@web/core/registry";

// The customer, with the link of the mail and without an account, accepts.
registry.category("web_tour.tours").add("facturex_quote_tour", {
    steps: () => [
        {
            content: "Accept",
            trigger: "a[data-bs-target='#modalaccept']:visible",
            run: "click",
        },
        {
            content: "The name is drawn",
            trigger: ".modal canvas.o_web_sign_signature",
            timeout: 60000, // the drawing component is loaded when it is needed
            run: "canvasNotEmpty",
        },
        {
            content: "Sign",
            trigger: ".modal .o_portal_sign_submit:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Accepted",
            trigger: "#quote_content:contains('Thank You')",
            timeout: 60000,
        },
    ],
});

// Our side: the proof, the deposit invoice and what is left.
registry.category("web_tour.tours").add("facturex_accepted_tour", {
    steps: () => [
        {
            content: "What is left to invoice is shown",
            trigger: "button[name='action_facturex_view_left'] .o_stat_value",
        },
        {
            content: "Look at the proof",
            trigger: "a[name='facturex_acceptance']",
            run: "click",
        },
        {
            content: "Who accepted",
            trigger:
                ".o_field_widget[name='facturex_acceptance_ids'] .o_data_row:contains('Client Alpha')",
        },
        {
            content: "The lines behind the figure",
            trigger: "button[name='action_facturex_view_left']:visible",
            run: "click",
        },
        {
            content: "Ordered and invoiced",
            trigger: ".o_list_view .o_data_row:contains('Chaise')",
        },
    ],
});
