import { cookie } from "@web/core/browser/cookie";
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

// Drop a CODA file on the card of its journal, look at the preview, import.
registry.category("web_tour.tours").add("facturex_drop_tour", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open the application",
            trigger: ".o_app[data-menu-xmlid='facturex_billing.menu_root']",
            run: "click",
        },
        {
            content: "Open the dashboard",
            trigger: "[data-menu-xmlid='facturex_billing.menu_dashboard']",
            run: "click",
        },
        {
            content: "Drag a file over the card of the bank",
            trigger: ".o_kanban_record:has(button[name='action_facturex_import_statement'])",
            run() {
                this.anchor.dispatchEvent(new DragEvent("dragenter", { bubbles: true }));
            },
        },
        {
            content: "Drop it",
            trigger: ".o_drop_area",
            async run() {
                const response = await fetch("/web/content/" + cookie.get("facturex_sample"));
                const transfer = new DataTransfer();
                transfer.items.add(
                    new File([await response.blob()], "statement.cod", { type: "text/plain" })
                );
                this.anchor.dispatchEvent(
                    new DragEvent("drop", { bubbles: true, dataTransfer: transfer })
                );
            },
        },
        {
            content: "Five new movements are announced, nothing is written yet",
            trigger: ".modal [name='line_ids'] td[name='new_count']:contains('5')",
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
            content: "They are there",
            trigger: ".o_data_row:contains('CLIENT ALPHA SA')",
        },
    ],
});
