import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const openMenu = (xmlid) => [
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
        content: "Open the page",
        timeout: 60000,
        trigger: `[data-menu-xmlid='${xmlid}']`,
        run: "click",
    },
];

const SLOW = 60000; // milliseconds: a page on a busy machine

// An invoice that could not leave stands first, with its reason; send it again.
registry.category("web_tour.tours").add("facturex_resend_tour", {
    steps: () => [
        ...openMenu("facturex_billing.menu_to_send"),
        {
            content: "The failure stands first and says why",
            timeout: SLOW,
            trigger:
                ".o_list_view .o_data_row:first:contains('Client Alpha'):contains('panne du moteur')",
        },
        {
            content: "Open it",
            trigger: ".o_data_row:first td[name='partner_id']",
            run: "click",
        },
        {
            content: "The document says it too; send it again",
            timeout: SLOW,
            trigger: ".alert-danger:contains('panne du moteur') button[name='action_facturex_resend']",
            run: "click",
        },
        {
            content: "Odoo's window shows the message before it leaves",
            timeout: SLOW,
            trigger: ".modal button[name='action_send_and_print']:visible",
            run: "click",
        },
        {
            content: "The warning has gone",
            timeout: SLOW,
            trigger: ".o_form_view:not(:has(.alert-danger:contains('panne du moteur')))",
        },
        {
            content: "Look at the sendings",
            timeout: SLOW,
            trigger: ".nav-link[name='facturex_sendings']",
            run: "click",
        },
        {
            content: "Both attempts are listed",
            timeout: SLOW,
            trigger:
                "[name='facturex_sending_ids'] .o_data_row:first:contains('alpha@client.example'):not(:contains('panne du moteur'))",
        },
    ],
});

// A customer, what he owes, and the list behind a figure.
registry.category("web_tour.tours").add("facturex_client_account_tour", {
    steps: () => [
        ...openMenu("facturex_billing.menu_customers"),
        {
            content: "The list says what is open and what is late",
            timeout: SLOW,
            trigger: ".o_list_view .o_data_row:contains('Client Alpha') td[name='facturex_overdue']:contains('100')",
        },
        {
            content: "Open the customer",
            trigger: ".o_data_row:contains('Client Alpha') td[name='complete_name']",
            run: "click",
        },
        {
            content: "The account opens on its figures; what is late is a button",
            timeout: SLOW,
            trigger: "button[name='action_facturex_view_overdue']:contains('100')",
            run: "click",
        },
        {
            content: "The list behind it has the same total",
            timeout: SLOW,
            trigger: ".o_list_view:has(.o_data_row) tfoot:contains('100')",
        },
        {
            content: "Back to the customer",
            timeout: SLOW,
            trigger: ".breadcrumb-item a:contains('Client Alpha'), .o_back_button",
            run: "click",
        },
        {
            content: "His documents",
            timeout: SLOW,
            trigger: ".nav-link[name='facturex_invoices']",
            run: "click",
        },
        {
            content: "With the share that is paid",
            timeout: SLOW,
            trigger: "[name='facturex_invoice_ids'] .o_data_row .o_progressbar",
        },
        {
            content: "His subscriptions",
            trigger: ".nav-link[name='facturex_subscriptions']",
            run: "click",
        },
        {
            content: "What they are worth per month is a button too",
            trigger: "button[name='action_facturex_view_subscriptions']:contains('60')",
            run: "click",
        },
        {
            content: "The subscription behind the figure",
            timeout: SLOW,
            trigger: ".o_list_view .o_data_row:contains('Client Alpha')",
        },
    ],
});
