import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const PDF = "%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n";

// What a person does with the file dialog.
function choose(input) {
    const files = new DataTransfer();
    files.items.add(new File([PDF], "scan.pdf", { type: "application/pdf" }));
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
}

// The customer, on the portal: its company, its documents, the summary.
registry.category("web_tour.tours").add("facturex_deferred_apply_tour", {
    steps: () => [
        {
            content: "Deferred payment, from the portal's home",
            trigger: ".o_portal_index_card a[href='/my/deferred']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Apply",
            trigger: "a[href='/my/deferred/apply']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "What is known is filled in; the number is wrong",
            trigger: "#number",
            run: "edit BE0477472702",
        },
        { content: "Street", trigger: "#street", run: "edit Rue Haute 1" },
        { content: "Postcode", trigger: "#zip", run: "edit 1000" },
        { content: "City", trigger: "#city", run: "edit Bruxelles" },
        { content: "Role", trigger: "#role", run: "edit Gérante" },
        {
            content: "Born",
            trigger: "#birth_date",
            run() {
                this.anchor.value = "1980-05-05";
            },
        },
        {
            content: "On to the documents",
            trigger: ".o_facturex_company button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The refusal says why, and nothing typed is lost",
            trigger: ".alert-danger:contains('BE0477472702')",
        },
        {
            content: "The right number",
            trigger: "#number",
            run: "edit BE0477472701",
        },
        {
            content: "On to the documents",
            trigger: ".o_facturex_company:has(#city[value='Bruxelles']) button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "A file for each document",
            trigger: ".o_facturex_documents input[type=file]",
            run() {
                document
                    .querySelectorAll(".o_facturex_documents input[type=file]")
                    .forEach(choose);
            },
        },
        { content: "IBAN", trigger: "#iban", run: "edit BE71 0961 2345 6769" },
        { content: "The conditions", trigger: "#accept", run: "click" },
        {
            content: "Submit",
            trigger: ".o_facturex_documents button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The summary",
            trigger: ".o_facturex_submitted",
        },
        {
            content: "With what was said",
            trigger: "dd:contains('BE71')",
        },
    ],
});

// The customer, on the portal: a quote bought on deferred payment.
registry.category("web_tour.tours").add("facturex_deferred_checkout_tour", {
    steps: () => [
        {
            content: "Accept and pay",
            trigger: "#o_sale_portal_paynow:visible",
            run: "click",
        },
        {
            content: "Later",
            trigger:
                "input[name='o_payment_radio'][data-provider-code='facturex_deferred']",
            run: "click",
        },
        {
            content: "Go on",
            trigger: "button[name='o_payment_submit_button']:enabled:visible",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The amount and what is available",
            trigger: "strong:contains('84')",
        },
        {
            content: "Accept the conditions",
            trigger: "#accept",
            run: "click",
        },
        {
            content: "Buy",
            trigger: "form[action='/payment/facturex_deferred/process'] button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Ordered",
            trigger: "#quote_content",
            timeout: 60000,
        },
    ],
});

const APPLICATIONS = [
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
        content: "The applications",
        trigger: "[data-menu-xmlid='facturex_billing.menu_credit_applications']",
        run: "click",
    },
    {
        content: "The one to review",
        trigger: ".o_data_row:contains('Business Beta') td[name='company_name']",
        run: "click",
    },
];

// A plain user looks at the documents and asks for more.
registry.category("web_tour.tours").add("facturex_deferred_ask_more_tour", {
    steps: () => [
        ...APPLICATIONS,
        {
            content: "The checklist says what is left to look at",
            trigger: "[name='checklist']:contains('BE0477472701')",
        },
        {
            content: "No right to open the line",
            trigger: ".o_form_view:not(:has(button[name='action_accept'].btn-primary))",
        },
        {
            content: "One document is not readable",
            trigger: "[name='document_ids'] .o_data_row:last button[name='action_refuse']",
            run: "click",
        },
        {
            content: "It is refused",
            trigger: "[name='document_ids'] .o_data_row:last .text-bg-danger",
        },
        {
            content: "Ask for it again",
            trigger: "button[name='action_ask_more']",
            run: "click",
        },
        {
            content: "In one's own words",
            trigger: ".modal [name='reason'] input",
            run: "edit Une copie lisible du RIB",
        },
        {
            content: "Send",
            trigger: ".modal button[name='action_confirm']:visible",
            run: "click",
        },
        {
            content: "The applicant has to act",
            trigger: ".alert-danger:contains('Une copie lisible du RIB')",
        },
    ],
});

// A manager accepts: the line is open at once.
registry.category("web_tour.tours").add("facturex_deferred_accept_tour", {
    steps: () => [
        ...APPLICATIONS,
        {
            content: "Look at a document",
            trigger: "[name='document_ids'] .o_data_row:first td[name='type_id']",
            run: "click",
        },
        {
            content: "It is shown beside its kind",
            trigger: ".modal [name='content']",
        },
        {
            content: "Close it",
            trigger: ".modal .btn-close",
            run: "click",
        },
        {
            content: "Accept",
            trigger: "body:not(:has(.modal)) button[name='action_accept'].btn-primary",
            run: "click",
        },
        {
            content: "To the line",
            trigger: "[name='line_id'] a",
            run: "click",
        },
        {
            content: "Open at 150",
            trigger: ".o_form_view [name='amount_limit']:contains('150')",
        },
    ],
});

// A second manager verifies the bank account: the limit rises.
registry.category("web_tour.tours").add("facturex_deferred_verify_tour", {
    steps: () => [
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
            content: "The lines",
            trigger: "[data-menu-xmlid='facturex_billing.menu_credit_lines']",
            run: "click",
        },
        {
            content: "Its line",
            trigger: ".o_data_row:contains('Business Beta') td[name='partner_id']",
            run: "click",
        },
        {
            content: "Verify",
            trigger: "button[name='action_verify_iban']",
            run: "click",
        },
        {
            content: "It was compared with the bank's document",
            trigger: ".modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "300 now",
            trigger: ".o_form_view [name='amount_limit']:contains('300')",
        },
    ],
});
