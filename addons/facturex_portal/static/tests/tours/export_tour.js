import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

// The accountant hands a month over to herself: one new record, one button.
registry.category("web_tour.tours").add("facturex_export_tour", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open the application",
            trigger: ".o_app[data-menu-xmlid='facturex_billing.menu_root']",
            run: "click",
        },
        {
            content: "Open the accountant's menu",
            trigger: "[data-menu-xmlid='facturex_portal.menu_accountant']",
            run: "click",
        },
        {
            content: "Exports",
            trigger: "[data-menu-xmlid='facturex_portal.menu_exports']",
            run: "click",
        },
        {
            content: "A new one, last month by default",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Export",
            trigger: "button[name='action_export']",
            run: "click",
        },
        {
            content: "The document is in the list, the file can be downloaded",
            trigger: "[name='item_ids']:contains('Client Alpha')",
        },
        {
            content: "The file",
            trigger: ".o_field_binary[name='content'] input, .o_field_binary[name='content'] a",
        },
    ],
});
