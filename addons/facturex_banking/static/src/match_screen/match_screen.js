import { Component, onMounted, onWillStart, useExternalListener, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { formatCurrency } from "@web/core/currency";
import { useDebounced } from "@web/core/utils/timing";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const MODEL = "account.bank.statement.line";
const STEP = 10; // sure proposals accepted in one request

/** To match: a bank line on the left, what it may be on the right, one key to accept. */
export class MatchScreen extends Component {
    static template = "facturex_banking.MatchScreen";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.display = { controlPanel: {} };
        this.root = useRef("root");
        this.input = useRef("input");
        const context = this.props.action.context || {};
        this.state = useState({
            lines: [],
            journals: [],
            journal: context.default_journal_id || "",
            first: context.default_st_line_id || null,
            text: "",
            aside: false,
            count: 0,
            sure: 0,
            index: 0,
            detail: null,
            chosen: 0,
            mode: "proposals",
            found: [],
            words: "",
            picks: [],
            writeOffs: [],
            accounts: [],
            accountWords: "",
            account: null,
            amount: "",
            label: "",
            automatic: false,
            close: "",
            question: "",
            colleague: "",
            colleagues: [],
            done: [],
            progress: null,
            busy: false,
        });
        this.searchSoon = useDebounced(() => this.searchItems(), 250);
        this.accountsSoon = useDebounced(() => this.searchAccounts(), 250);
        this.filterSoon = useDebounced(() => this.load(), 350);
        useExternalListener(window, "keydown", (ev) => this.onKey(ev));
        onWillStart(() => this.load());
        onMounted(() => this.root.el && this.root.el.focus({ preventScroll: true }));
    }

    // -- reading ----------------------------------------------------------------------

    async load() {
        const state = this.state;
        const board = await this.orm.call(MODEL, "facturex_board", [], {
            journal_id: Number(state.journal) || null,
            text: state.text || null,
            aside: state.aside,
            first_id: state.first,
        });
        Object.assign(state, board);
        await this.select(Math.max(0, Math.min(state.index, state.lines.length - 1)));
    }

    async select(index) {
        const state = this.state;
        state.index = index;
        const line = state.lines[index];
        Object.assign(state, {
            chosen: 0,
            mode: "proposals",
            picks: [],
            writeOffs: [],
            close: "",
            found: [],
            words: "",
        });
        const detail = line ? await this.orm.call(MODEL, "facturex_detail", [[line.id]]) : null;
        if (!line || (state.lines[state.index] && state.lines[state.index].id === line.id)) {
            state.detail = detail;
        }
        const row = this.root.el && this.root.el.querySelector(".o_fx_line.active");
        if (row) {
            row.scrollIntoView({ block: "nearest" });
        }
    }

    get proposal() {
        return this.state.detail && this.state.detail.proposals[this.state.chosen];
    }

    /** What the choice leaves unexplained, with the sign of the money. */
    get difference() {
        const { detail, mode, picks, writeOffs } = this.state;
        if (!detail) {
            return 0;
        }
        const proposal = this.proposal;
        if (mode === "proposals" && proposal) {
            if (proposal.close || !proposal.items.length) {
                return 0;
            }
            return this.round(detail.left - this.sum(proposal.items));
        }
        return this.round(detail.left - this.sum(picks) - this.sum(writeOffs));
    }

    sum(rows) {
        return rows.reduce((total, row) => total + row.amount, 0);
    }

    round(amount) {
        return Math.round(amount * 100) / 100 || 0;
    }

    money(amount) {
        return formatCurrency(amount, this.state.detail.currency);
    }

    // -- acts -------------------------------------------------------------------------

    async run(act) {
        if (this.state.busy) {
            return;
        }
        this.state.busy = true;
        try {
            await act();
        } finally {
            this.state.busy = false;
        }
    }

    accept(index = this.state.chosen) {
        const { detail } = this.state;
        const proposal = detail && detail.proposals[index];
        if (!proposal) {
            return;
        }
        return this.run(async () => {
            await this.orm.call(MODEL, "facturex_accept", [[detail.id], proposal.id]);
            await this.gone(detail);
        });
    }

    settle() {
        const { detail, picks, writeOffs } = this.state;
        const close = this.difference && picks.length ? this.state.close : "";
        if (!detail || !(picks.length || writeOffs.length)) {
            return;
        }
        return this.run(async () => {
            await this.orm.call(MODEL, "facturex_settle", [
                [detail.id],
                picks.map((item) => item.id),
                writeOffs.map(({ account_id, amount, label }) => ({ account_id, amount, label })),
                close,
            ]);
            await this.gone(detail);
        });
    }

    aside() {
        const { detail, question, colleague } = this.state;
        return this.run(async () => {
            await this.orm.call(MODEL, "facturex_aside", [[detail.id]], {
                question,
                user_id: Number(colleague) || null,
            });
            this.state.question = "";
            await this.gone(detail, _t("Put aside"));
        });
    }

    makeRule() {
        const { detail, account, label, automatic } = this.state;
        return this.run(async () => {
            await this.orm.call(MODEL, "facturex_make_rule", [[detail.id]], {
                account_id: account.id,
                name: label,
                label,
                automatic,
            });
            await this.gone(detail);
        });
    }

    undo() {
        const last = this.state.done.at(-1);
        if (!last) {
            return;
        }
        return this.run(async () => {
            if (last.aside) {
                await this.orm.call(MODEL, "action_facturex_take_back", [[last.id]]);
            } else {
                await this.orm.call(MODEL, "facturex_undo", [[last.id]]);
            }
            this.state.done.pop();
            await this.load();
            const index = this.state.lines.findIndex((line) => line.id === last.id);
            await this.select(Math.max(index, 0));
        });
    }

    /** The best proposals that one look is enough for, page by page. */
    acceptSure() {
        const ids = this.state.lines.filter((line) => line.sure).map((line) => line.id);
        return this.run(async () => {
            const failed = [];
            this.state.progress = { done: 0, total: ids.length };
            for (let first = 0; first < ids.length; first += STEP) {
                const page = ids.slice(first, first + STEP);
                const result = await this.orm.call(MODEL, "facturex_accept_sure", [page]);
                for (const id of result.done) {
                    this.state.done.push({ id, aside: false });
                }
                failed.push(...result.failed);
                this.state.progress.done = Math.min(first + STEP, ids.length);
            }
            this.state.progress = null;
            for (const { reason } of failed.slice(0, 3)) {
                this.notification.add(reason, { type: "warning" });
            }
            this.state.index = 0;
            await this.load();
        });
    }

    /** The line is settled: it leaves the list, the next one comes. */
    async gone(detail, message) {
        const state = this.state;
        state.done.push({ id: detail.id, aside: Boolean(message) });
        state.detail = null; // nothing to accept until the next one is there
        const index = state.lines.findIndex((line) => line.id === detail.id);
        if (index >= 0) {
            state.sure -= state.lines[index].sure ? 1 : 0;
            state.lines.splice(index, 1);
            state.count -= 1;
        }
        if (message) {
            this.notification.add(message, { type: "info" });
        }
        if (!state.lines.length) {
            await this.load();
        } else {
            await this.select(Math.min(index, state.lines.length - 1));
        }
    }

    // -- choosing by hand -------------------------------------------------------------

    async setMode(mode) {
        const state = this.state;
        if (!state.detail) {
            return;
        }
        state.mode = state.mode === mode ? "proposals" : mode;
        if (state.mode === "search" && !state.found.length) {
            await this.searchItems();
        }
        if (state.mode === "write_off" || state.mode === "rule") {
            state.amount = String(this.difference);
            state.label = state.detail.text;
            state.account = null;
            await this.searchAccounts();
        }
        if (state.mode === "aside" && !state.colleagues.length) {
            state.colleagues = await this.orm.call(MODEL, "facturex_colleagues", []);
        }
        if (this.input.el) {
            this.input.el.focus();
        }
    }

    async searchItems() {
        const { detail, words } = this.state;
        if (detail) {
            this.state.found = await this.orm.call(MODEL, "facturex_search_items", [
                [detail.id],
                words,
            ]);
        }
    }

    async searchAccounts() {
        this.state.accounts = await this.orm.call(MODEL, "facturex_accounts", [
            this.state.accountWords,
        ]);
    }

    picked(item) {
        return this.state.picks.some((pick) => pick.id === item.id);
    }

    togglePick(item) {
        const { picks } = this.state;
        const index = picks.findIndex((pick) => pick.id === item.id);
        if (index >= 0) {
            picks.splice(index, 1);
        } else {
            picks.push(item);
        }
    }

    addWriteOff() {
        const { account, amount, label, writeOffs } = this.state;
        const value = Number(String(amount).replace(/\s/g, "").replace(",", "."));
        if (!account || !value) {
            this.notification.add(_t("Choose an account and an amount."), { type: "warning" });
            return;
        }
        writeOffs.push({
            key: writeOffs.length,
            account_id: account.id,
            name: account.name,
            amount: this.round(value),
            label,
        });
        this.state.mode = "search";
    }

    openDocument(item) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "account.move",
            res_id: item.move_id,
            views: [[false, "form"]],
        });
    }

    openLine() {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: MODEL,
            res_id: this.state.detail.id,
            views: [[false, "form"]],
        });
    }

    // -- keyboard ---------------------------------------------------------------------

    onKey(ev) {
        if (ev.ctrlKey || ev.metaKey || ev.altKey || document.querySelector(".modal.show")) {
            return;
        }
        const typing = ["INPUT", "TEXTAREA", "SELECT"].includes(ev.target.tagName);
        if (typing) {
            if (ev.key === "Escape") {
                ev.target.blur();
                this.state.mode = "proposals";
            }
            return;
        }
        const act = this.actOf(ev);
        if (act) {
            ev.preventDefault();
            ev.stopPropagation();
            act();
        }
    }

    actOf(ev) {
        const { index, lines, mode, picks, writeOffs } = this.state;
        const byHand = mode !== "proposals" && (picks.length || writeOffs.length);
        const keys = {
            ArrowDown: () => index < lines.length - 1 && this.select(index + 1),
            ArrowUp: () => index > 0 && this.select(index - 1),
            Enter: () => (byHand ? this.settle() : this.accept()),
            s: () => this.setMode("search"),
            w: () => this.setMode("write_off"),
            a: () => this.setMode("aside"),
            r: () => this.setMode("rule"),
            u: () => this.undo(),
            Escape: () => (this.state.mode = "proposals"),
        };
        if (/^[1-9]$/.test(ev.key)) {
            return () => this.choose(Number(ev.key) - 1);
        }
        if (ev.key === "Enter" && ["BUTTON", "A"].includes(ev.target.tagName)) {
            return null; // the button itself
        }
        return keys[ev.key.length === 1 ? ev.key.toLowerCase() : ev.key];
    }

    choose(index) {
        if (this.state.detail && this.state.detail.proposals[index]) {
            this.state.chosen = index;
            this.state.mode = "proposals";
        }
    }
}

registry.category("actions").add("facturex_match_screen", MatchScreen);
