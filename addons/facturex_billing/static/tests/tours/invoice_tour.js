import { registry } from "@web/core/registry";

/**
 * Each step that a person does is counted: from the menu to the sent invoice it takes
 * at most twelve. Names and attributes only, so that the tour runs in every language.
 */
const LIMIT = 12;
let done = 0; // of the tour that runs in this page

// the first rendering of a document compiles its styles
const PATIENCE = 60000;

const person = (content, trigger, run) => ({
    content,
    trigger,
    async run(helpers) {
        done += 1;
        if (done > LIMIT) {
            throw new Error(`${done} interactions: more than ${LIMIT}`);
        }
        const [act, ...words] = run.split(" ");
        await helpers[act](words.join(" "));
    },
});

const fill = () => [
    person("A customer", "[name='partner_id'] input:not(:hidden)", "edit Client Al"),
    person("This one", ".o-autocomplete--dropdown-item:contains('Client Alpha')", "click"),
    person("The line that waits", "[name='line_ids'] .o_data_row td[name='name']", "click"),
    person("What was done", "[name='line_ids'] [name='name'] textarea", "edit Roof"),
    person("For how much", "[name='line_ids'] [name='price_unit'] input", "edit 250"),
    person("Step 2", "button[name='action_preview']:visible", "click"),
    {
        content: "The real document, with its number",
        trigger: ".o_facturex_document iframe[srcdoc*='Roof']",
        timeout: PATIENCE,
    },
    person("Step 3", "button[name='action_mail']:visible", "click"),
    {
        content: "The e-mail is addressed",
        trigger: "[name='mail_partner_ids']:contains('Client Alpha')",
        timeout: PATIENCE,
    },
];

registry.category("web_tour.tours").add("facturex_invoice_tour", {
    steps: () => [
        {
            content: "Open the sales menu of the application",
            trigger: "[data-menu-xmlid='facturex_billing.menu_sales']",
            run: "click",
        },
        person("New invoice", "[data-menu-xmlid='facturex_billing.menu_new_invoice']", "click"),
        ...fill(),
        person("Send", "button[name='action_send']:visible", "click"),
        {
            content: "It says what happened, and offers another one",
            trigger: "button[name='action_another']:visible",
        timeout: PATIENCE,
        },
    ],
});

registry.category("web_tour.tours").add("facturex_invoice_again_tour", {
    steps: () => [
        {
            content: "Open the sales menu of the application",
            trigger: "[data-menu-xmlid='facturex_billing.menu_sales']",
            run: "click",
        },
        {
            content: "New invoice",
            trigger: "[data-menu-xmlid='facturex_billing.menu_new_invoice']",
            run: "click",
        },
        {
            content: "How often: once, every week, month, quarter, year",
            trigger: "[name='recurrence'] input",
            run: "click",
        },
        {
            content: "Every quarter",
            trigger: ".o_select_menu_menu .o_select_menu_item:eq(3)",
            run: "click",
        },
        ...fill(),
        {
            content: "What follows is said before",
            trigger: "[name='recurrence_note']:visible",
        },
        {
            content: "Send",
            trigger: "button[name='action_send']:visible",
            run: "click",
        },
        {
            content: "Its subscription is there",
            trigger: "button[name='action_show_subscription']:visible",
            timeout: PATIENCE,
            run: "click",
        },
        {
            content: "It runs",
            trigger: ".o_statusbar_status .o_arrow_button_current[data-value='running']",
            timeout: PATIENCE,
        },
    ],
});

registry.category("web_tour.tours").add("facturex_invoice_back_tour", {
    steps: () => [
        {
            content: "The assistant is open",
            trigger: ".o_facturex_assistant button[name='action_preview']:visible",
        },
        ...fill(),
        {
            content: "Other words",
            trigger: "[name='mail_subject'] input",
            run: "edit My own words",
        },
        {
            content: "Back to the document",
            trigger: "div[name='mail'] button[name='action_back']:visible",
            run: "click",
        },
        {
            content: "Back to the lines",
            trigger: "div[name='preview'] button[name='action_back']:visible",
            run: "click",
        },
        {
            content: "Nothing was lost",
            trigger: "[name='line_ids'] .o_data_row td[name='name']:contains('Roof')",
        },
        {
            content: "The subject",
            trigger: "[name='label'] input",
            run: "edit Garage",
        },
        {
            content: "Leave through the menu: the draft is kept",
            trigger: "[data-menu-xmlid='facturex_billing.menu_dashboard']",
            run: "click",
        },
        {
            content: "On the dashboard",
            trigger: ".o_kanban_view button[name='action_facturex_new_invoice']",
        timeout: PATIENCE,
        },
    ],
});

registry.category("web_tour.tours").add("facturex_category_tour", {
    steps: () => [
        {
            content: "Focus the second category",
            trigger: "li:contains('Tour B') > div .o_facturex_handle",
            run({ anchor }) {
                anchor.focus();
                anchor.dispatchEvent(
                    new KeyboardEvent("keydown", {
                        key: "ArrowUp",
                        altKey: true,
                        bubbles: true,
                    })
                );
            },
        },
        {
            content: "It stands before the first one",
            trigger: "li:contains('Tour B') + li:contains('Tour A')",
        },
        {
            content: "Put the other one below it",
            trigger: "li:contains('Tour A') > div .o_facturex_handle",
            run({ anchor }) {
                anchor.focus();
                anchor.dispatchEvent(
                    new KeyboardEvent("keydown", {
                        key: "ArrowRight",
                        altKey: true,
                        bubbles: true,
                    })
                );
            },
        },
        {
            content: "It is its child",
            trigger: "li:contains('Tour B') li:contains('Tour A')",
        },
        {
            content: "Its products",
            trigger: "li li:contains('Tour A') .o_facturex_products",
            run: "click",
        },
        {
            content: "The products of the category",
            trigger: ".o_kanban_view .o_kanban_record:contains('Tour product')",
        },
    ],
});
