import { cookie } from "@web/core/browser/cookie";
import { registry } from "@web/core/registry";
import { inputFiles } from "@web/../tests/utils";
import { stepUtils } from "@web_tour/tour_utils";

// Drop a statement file, look at the preview, import, accept a proposal.
registry.category("web_tour.tours").add("facturex_import_tour", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open the application",
            trigger: ".o_app[data-menu-xmlid='facturex_billing.menu_root']",
            run: "click",
        },
        {
            content: "Open the bank menu",
            trigger: "[data-menu-xmlid='facturex_banking.menu_bank']",
            run: "click",
        },
        {
            content: "Import",
            trigger: "[data-menu-xmlid='facturex_banking.menu_import']",
            run: "click",
        },
        {
            content: "Choose the file of the test",
            trigger: ".modal .o_file_input_trigger",
            async run() {
                const response = await fetch("/web/content/" + cookie.get("facturex_sample"));
                const file = new File([await response.blob()], "statement.xml", {
                    type: "text/xml",
                });
                await inputFiles(".modal .o_input_file", [file]);
            },
        },
        {
            content: "The file is there",
            trigger: ".modal .o_attachment:contains('statement')",
        },
        {
            content: "Preview",
            trigger: ".modal button[name='action_preview']",
            run: "click",
        },
        {
            content: "Two new movements are announced",
            trigger: ".modal [name='line_ids'] td[name='new_count']:contains('2')",
        },
        {
            content: "Import",
            trigger: ".modal button[name='action_import']",
            run: "click",
        },
        {
            content: "See them",
            trigger: ".modal button[name='action_view_lines']",
            run: "click",
        },
        {
            content: "One was matched by itself",
            trigger: ".o_data_row:has([name='facturex_match_state']):contains('Client Alpha')",
        },
        {
            content: "Open the one that is only proposed",
            trigger: ".o_data_row:contains('almost') td[name='payment_ref']",
            run: "click",
        },
        {
            content: "Accept the proposal",
            trigger: "button[name='action_accept']",
            run: "click",
        },
        {
            content: "It is matched, and can be undone",
            trigger: "button[name='action_facturex_undo']",
        },
    ],
});
