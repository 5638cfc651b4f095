import { registry } from "@web/core/registry";

// Three clicks from the page of the contract: the button, the recap, the notification.
registry.category("web_tour.tours").add("facturex_cancel_tour", {
    steps: () => [
        {
            content: "First click",
            trigger: "a#facturex_cancel:contains('Résilier votre contrat')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The earliest lawful day is there, and why",
            trigger: "#facturex_last_day",
        },
        {
            content: "Second click",
            trigger: "button#facturex_recap",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Third click",
            trigger: "button#facturex_notify:contains('Notification de la résiliation')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is recorded",
            trigger: ".alert-info:contains('résiliation est enregistrée')",
        },
        {
            content: "And cannot be asked twice",
            trigger: "body:not(:has(a#facturex_cancel))",
        },
    ],
});

registry.category("web_tour.tours").add("facturex_upgrade_tour", {
    steps: () => [
        {
            content: "The product allows a larger one",
            trigger: "form:contains('Maintenance Gold') button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "What it costs today",
            trigger: "#facturex_charged",
        },
        {
            content: "Change",
            trigger: "form:has(input[value='apply']) button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is changed",
            trigger: ".alert-info:contains('a changé')",
        },
        {
            content: "The new one is on the page",
            trigger: "td:contains('Maintenance Gold')",
        },
    ],
});
