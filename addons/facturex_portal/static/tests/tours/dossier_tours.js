import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");
const section = "facturex_portal.menu_accountant";

/** From the apps to a menu of ours. */
function open(menu, parent = section) {
    return [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open the application",
            trigger: ".o_app[data-menu-xmlid='facturex_billing.menu_root']",
            run: "click",
        },
        {
            content: "Open the section",
            trigger: `[data-menu-xmlid='${parent}']`,
            run: "click",
        },
        {
            content: "Open the menu",
            trigger: `[data-menu-xmlid='${menu}']`,
            run: "click",
        },
    ];
}

const choose = (content, text) => ({
    content,
    trigger: `.o-autocomplete--dropdown-item:contains('${text}')`,
    run: "click",
});

// The leader of a firm sets up a client, from the menu to the job.
tours.add("facturex_dossier_create_tour", {
    steps: () => [
        ...open("facturex_portal.menu_dossier_creation"),
        { content: "New", trigger: ".o_list_button_add", run: "click" },
        {
            content: "A company",
            trigger: ".o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            content: "Its name",
            trigger: ".o_selected_row [name=name] input",
            run: "edit Tour Client",
        },
        {
            content: "Its country",
            trigger: ".o_selected_row [name=country_id] input",
            run: "edit Belg",
        },
        choose("Belgium", "Belgium"),
        {
            content: "Its number",
            trigger: ".o_selected_row [name=number] input",
            run: "edit 0403.019.261",
        },
        {
            content: "Set it up",
            trigger: "button[name=action_start]",
            run: "click",
        },
        {
            content: "The job runs; the page may be left",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Running')",
        },
    ],
});

// The leader asks a company that works here already.
tours.add("facturex_dossier_link_tour", {
    steps: () => [
        ...open("facturex_portal.menu_firm", "facturex_billing.menu_configuration"),
        {
            content: "The firm",
            trigger: ".o_data_row td[name=name]",
            run: "click",
        },
        {
            content: "Link a company",
            trigger: ".o_form_statusbar button:contains('Link a company')",
            run: "click",
        },
        {
            content: "The country",
            trigger: ".modal [name=country_id] input",
            run: "edit Belg",
        },
        choose("Belgium", "Belgium"),
        {
            content: "The number",
            trigger: ".modal [name=number] input",
            run: "edit 0403.019.261",
        },
        {
            content: "Ask",
            trigger: ".modal button[name=action_send]",
            run: "click",
        },
        { content: "Asked", trigger: "body:not(:has(.modal))" },
    ],
});

// The entrepreneur says yes on the portal.
tours.add("facturex_dossier_accept_tour", {
    steps: () => [
        {
            content: "Who asks is written there; accept",
            trigger: "#facturex_companies .card:contains('Office') button[value=accept]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The company has an accountant now",
            trigger: "#facturex_companies .card[data-dossier]:contains('Office')",
        },
    ],
});

// A collaborator enters a dossier from the console and comes back.
tours.add("facturex_dossier_enter_tour", {
    steps: () => [
        ...open("facturex_portal.menu_dossiers"),
        {
            content: "Enter",
            trigger: ".o_data_row button[name=action_enter]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The banner says where one is; its menu",
            trigger: ".o_facturex_banner button",
            run: "click",
        },
        {
            content: "Another one could be found by its name or number",
            trigger: ".o_facturex_find",
        },
        {
            content: "Back",
            trigger: ".o_facturex_back",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The console",
            trigger: ".o_list_view .o_data_row button[name=action_enter]",
        },
    ],
});

// Every dossier of the list is locked in one act; what was refused is explained.
tours.add("facturex_dossier_lock_tour", {
    steps: () => [
        ...open("facturex_portal.menu_dossiers"),
        {
            content: "A figure opens what it counts",
            trigger: ".o_facturex_open[data-action=action_open_members]",
        },
        {
            content: "All of them",
            trigger: "thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Actions",
            trigger: ".o_cp_action_menus .dropdown-toggle:contains('Actions')",
            run: "click",
        },
        {
            content: "Act",
            trigger: ".o-dropdown-item:contains('Act on these dossiers')",
            run: "click",
        },
        {
            content: "Up to which day",
            trigger: "[name=lock_date] input, [name=lock_date] button",
            run: "click",
        },
        {
            content: "The day",
            trigger: "input[data-field=lock_date], [name=lock_date] input",
            run: "edit 01/31/2026 && press Enter",
        },
        {
            content: "Lock",
            trigger: "button[name=action_start]",
            run: "click",
        },
        {
            content: "Done in one",
            trigger: ".o_data_row:contains('Done')",
        },
        {
            content: "Refused in the other, and why",
            trigger: ".o_data_row:contains('Refused'):contains('Lock')",
        },
    ],
});

// The firm asks; the answer is settled later.
tours.add("facturex_dossier_ask_tour", {
    steps: () => [
        ...open("facturex_portal.menu_requests"),
        { content: "New", trigger: ".o_list_button_add", run: "click" },
        {
            content: "What",
            trigger: "[name=name] input",
            run: "edit Invoice of the garage",
        },
        {
            content: "Where",
            trigger: "[name=dossier_id] input",
            run: "click",
        },
        {
            content: "The dossier",
            trigger: ".o-autocomplete--dropdown-item:contains('Company')",
            run: "click",
        },
        {
            content: "The owner is asked",
            trigger: "[name=user_id] input:value(fx_amy), [name=user_id]:contains('fx_amy')",
        },
        ...stepUtils.saveForm(),
        {
            content: "It was asked",
            trigger: ".o_arrow_button_current:contains('Requested')",
        },
    ],
});

// The entrepreneur answers on the portal.
tours.add("facturex_dossier_answer_tour", {
    steps: () => [
        {
            content: "The request",
            trigger: "#facturex_requests a:contains('garage')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The answer",
            trigger: "#facturex_request textarea",
            run: "edit It is in the post",
        },
        {
            content: "Send",
            trigger: "#facturex_request button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Sent",
            trigger: "#facturex_request .alert-success",
        },
    ],
});

// The firm is content.
tours.add("facturex_dossier_settle_tour", {
    steps: () => [
        ...open("facturex_portal.menu_requests"),
        {
            content: "The answered one",
            trigger: ".o_data_row:contains('Answered') td[name=name]",
            run: "click",
        },
        {
            content: "Accept",
            trigger: "button[name=action_accept]",
            run: "click",
        },
        {
            content: "Accepted",
            trigger: ".o_arrow_button_current:contains('Accepted')",
        },
    ],
});

// The leader hands the ownership over to the entrepreneur.
tours.add("facturex_dossier_transfer_tour", {
    steps: () => [
        ...open("facturex_portal.menu_dossiers"),
        {
            content: "The dossier",
            trigger: ".o_data_row td[name=name]",
            run: "click",
        },
        {
            content: "Invite or hand over",
            trigger: ".o_form_statusbar button:contains('Invite or hand over')",
            run: "click",
        },
        {
            content: "Hand over",
            trigger: ".modal [name=kind] .o_radio_item:contains('Hand the ownership over') input",
            run: "click",
        },
        {
            content: "To whom",
            trigger: ".modal [name=user_id] input",
            run: "edit fx_amy",
        },
        choose("The entrepreneur", "fx_amy"),
        {
            content: "Hand over",
            trigger: ".modal button[name=action_send]:contains('Hand over')",
            run: "click",
        },
        { content: "Done", trigger: "body:not(:has(.modal))" },
    ],
});

// The entrepreneur parts from the firm, in Odoo's own screens.
tours.add("facturex_dossier_leave_tour", {
    steps: () => [
        ...open("facturex_portal.menu_dossiers"),
        {
            content: "Her dossier",
            trigger: ".o_data_row td[name=name]",
            run: "click",
        },
        {
            content: "Acts",
            trigger: ".o_form_statusbar button:contains('disconnect')",
            run: "click",
        },
        {
            content: "Disconnect",
            trigger: "[name=kind] select, [name=kind] input",
            run: "click",
        },
        {
            content: "Disconnect",
            trigger: ".o_select_menu_item:contains('Disconnect')",
            run: "click",
        },
        {
            content: "What it means is written there; go",
            trigger: ".o_form_view:contains('lose their access') button[name=action_start]",
            run: "click",
        },
        {
            content: "Done",
            trigger: ".o_data_row:contains('Done')",
        },
    ],
});

// The page of who may do what: a role is changed where it stands.
tours.add("facturex_dossier_matrix_tour", {
    steps: () => [
        ...open("facturex_portal.menu_members"),
        {
            content: "A role, in its cell",
            trigger: ".o_facturex_matrix select[aria-label=fx_carl]",
            run: "selectByLabel Reader",
        },
        {
            content: "It holds, and says what it allows",
            trigger: ".o_facturex_matrix select[aria-label=fx_carl][title='']",
        },
        {
            content: "Who sells?",
            trigger: ".o_facturex_matrix select[aria-label=What]",
            run: "selectByLabel Sell",
        },
        {
            content: "The answer",
            trigger: ".o_facturex_matrix [aria-label=Yes]",
        },
    ],
});

/** What somebody else does meanwhile: the person's own role ends. */
async function endOwnRole() {
    const call = (method, args) =>
        rpc(`/web/dataset/call_kw/facturex.dossier.member/${method}`, {
            model: "facturex.dossier.member",
            method,
            args,
            kwargs: {},
        });
    const ids = await call("search", [[["user_id.login", "=", "fx_amy"]]]);
    await call("action_end", [ids]);
}

// A role ends while the page is open: the next click says so, and the page goes on.
tours.add("facturex_dossier_ended_tour", {
    steps: () => [
        ...open("facturex_portal.menu_requests"),
        {
            content: "Meanwhile the role ends",
            trigger: ".o_list_button_add",
            run: endOwnRole,
        },
        {
            content: "The next click is refused",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "It is explained; go on",
            trigger: ".modal:contains('Your role has ended') .btn-primary",
            run: "click",
            expectUnloadPage: true,
        },
        { content: "Odoo goes on", trigger: ".o_main_navbar" },
    ],
});

// A collaborator reads the contracts; the folder of salaries is not there for him.
tours.add("facturex_dossier_documents_tour", {
    steps: () => [
        ...open("facturex_portal.menu_documents").toSpliced(2, 1),
        {
            content: "Only the folder of the role",
            trigger:
                ".o_search_panel:contains('Contracts'):not(:contains('Salaries'))",
        },
        {
            content: "The contracts",
            trigger: ".o_search_panel_category_value header:contains('Contracts')",
            run: "click",
        },
        {
            content: "A document",
            trigger: ".o_data_row td[name=name]:contains('Lease')",
            run: "click",
        },
        {
            content: "Rename it",
            trigger: ".o_form_view [name=name] input, .o_form_view [name=name] textarea",
            run: "edit Lease of the hall",
        },
        { content: "Save", trigger: ".o_form_button_save", run: "click" },
        { content: "It is saved", trigger: ".o_form_saved" },
    ],
});
