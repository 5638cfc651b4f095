import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const press = (key) => () =>
    document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })
    );
const left = (count) => `.o_fx_count:contains('${count}')`;

/** Accept with Enter as long as lines wait; each one leaves the list. */
function acceptMany(from, to) {
    const steps = [];
    for (let count = from; count > to; count--) {
        steps.push({
            content: `${count} wait: accept the best proposal`,
            trigger: `.o_fx_match:has(${left(count)}) .o_fx_proposal.chosen .o_fx_accept:enabled`,
            run: press("Enter"),
        });
    }
    return steps;
}

// Ten lines matched without the mouse, one undone, one searched, one put aside.
registry.category("web_tour.tours").add("facturex_match_tour", {
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
            content: "Open the screen",
            trigger: "[data-menu-xmlid='facturex_banking.menu_to_match']",
            run: "click",
        },
        ...acceptMany(12, 2),
        {
            content: "Ten are matched: undo the last one",
            trigger: `.o_fx_match:has(${left(2)}) .o_fx_undo:enabled`,
            run: press("u"),
        },
        {
            content: "It is back, with its proposal; accept it again",
            trigger: `.o_fx_match:has(${left(3)}) .o_fx_proposal.chosen .o_fx_accept:enabled`,
            run: press("Enter"),
        },
        {
            content: "Go to the line that names nothing",
            trigger: `.o_fx_match:has(${left(2)}) .o_fx_line:contains('Mystery')`,
            run: "click",
        },
        {
            content: "Search a document for it",
            trigger: ".o_fx_right:contains('Mystery') .o_fx_search",
            run: "click",
        },
        {
            content: "By its amount",
            trigger: ".o_fx_words",
            run: "edit 700",
        },
        {
            content: "Take it",
            trigger: ".o_fx_found:contains('700') input",
            run: "click",
        },
        {
            content: "Nothing is left over",
            trigger: ".o_fx_difference.text-success",
        },
        {
            content: "Match",
            trigger: ".o_fx_settle",
            run: "click",
        },
        {
            content: "Ask somebody about the last one",
            trigger: `.o_fx_match:has(${left(1)}) .o_fx_aside`,
            run: "click",
        },
        {
            content: "The question",
            trigger: ".o_fx_question",
            run: "edit What is this?",
        },
        {
            content: "Put aside",
            trigger: ".o_fx_put_aside",
            run: "click",
        },
        {
            content: "Nothing waits any more",
            trigger: ".o_fx_empty",
        },
    ],
});
