import { registry } from "@web/core/registry";

// From the link of the reminder: what is due, then say that something is wrong.
registry.category("web_tour.tours").add("facturex_dispute_tour", {
    steps: () => [
        {
            content: "Everything that is due is on one page",
            trigger: "#facturex_reminder table:contains('100.00')",
        },
        {
            content: "Choose the invoice",
            trigger: "form[data-facturex-kind='dispute'] select[name='invoice']",
            run: "selectByIndex 0",
        },
        {
            content: "Say what is wrong",
            trigger: "form[data-facturex-kind='dispute'] textarea[name='note']",
            run: "edit One pallet is missing",
        },
        {
            content: "Send it",
            trigger: "form[data-facturex-kind='dispute'] button[type='submit']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is noted, with an end",
            trigger: "#facturex_reminder .alert-info:contains('We wait until')",
        },
    ],
});
