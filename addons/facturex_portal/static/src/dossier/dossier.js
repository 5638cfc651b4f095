import { Component, onWillStart, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { session } from "@web/session";

const RECENT = `facturex.recent.${user.userId}`;
const CONSOLE = "/odoo/dossiers";
const HOME = "/odoo/action-account.open_account_journal_dashboard_kanban";

/** Companies entered before, the last one first; kept in this browser only. */
function recent() {
    try {
        return JSON.parse(browser.localStorage.getItem(RECENT)) || [];
    } catch {
        return [];
    }
}

/** Switch to these companies and load a page: one reload. */
async function switchTo(companyIds, url) {
    const known = user.allowedCompanies.map((company) => company.id);
    const ids = companyIds.filter((id) => known.includes(id));
    if (!ids.length) {
        // a role given since the page was loaded
        document.cookie = `cids=${companyIds.join("-")};path=/`;
    } else {
        await user.activateCompanies(ids, { includeChildCompanies: true, reload: false });
    }
    browser.location.assign(url);
}

registry.category("actions").add("facturex_enter_company", async (env, action) => {
    const id = action.params.company_id;
    const others = recent().filter((company) => company !== id);
    browser.localStorage.setItem(RECENT, JSON.stringify([id, ...others].slice(0, 8)));
    await switchTo([id], HOME);
});

/** Says in which dossier one works, leads back to the console and to recent ones. */
export class DossierBanner extends Component {
    static template = "facturex_portal.DossierBanner";
    static components = { Dropdown, DropdownItem };
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.state = useState({ name: "", color: "", recent: [], found: null });
        this.search = useDebounced(async (text) => {
            const found = await this.orm.call("facturex.dossier", "search_dossiers", [text]);
            this.state.found = found.map(({ company, name }) => ({ id: company, name }));
        }, 250);
        onWillStart(() => {
            const shown = session.facturex_dossiers || {};
            const dossier = shown[user.activeCompany.id];
            if (!dossier) {
                return;
            }
            this.state.name = user.activeCompany.name;
            this.state.color = dossier.color;
            const names = Object.fromEntries(
                user.allowedCompanies.map((company) => [company.id, company.name])
            );
            this.state.recent = recent()
                .filter((id) => names[id] && id !== user.activeCompany.id)
                .map((id) => ({ id, name: names[id] }));
            this.noteEntry();
        });
    }

    /** The native switcher enters too: told once a day and company. */
    noteEntry() {
        const key = `facturex.entered.${user.userId}.${user.activeCompany.id}`;
        const day = new Date().toISOString().slice(0, 10);
        if (browser.localStorage.getItem(key) !== day) {
            browser.localStorage.setItem(key, day);
            this.orm.silent.call("facturex.dossier", "note_entry", [user.activeCompany.id]);
        }
    }

    /** What was searched, else the companies entered before. */
    get choices() {
        return this.state.found || this.state.recent;
    }

    find(ev) {
        if (ev.target.value.trim()) {
            this.search(ev.target.value);
        } else {
            this.forget();
        }
    }

    forget() {
        this.state.found = null;
    }

    back() {
        return switchTo(
            user.allowedCompanies.map((company) => company.id),
            CONSOLE
        );
    }

    async enter(id) {
        const [dossier] = await this.orm.search("facturex.dossier", [
            ["company_id", "=", id],
        ]);
        if (dossier) {
            await this.orm.call("facturex.dossier", "action_enter", [[dossier]]);
        }
        await switchTo([id], HOME);
    }
}

registry
    .category("systray")
    .add("facturex_portal.DossierBanner", { Component: DossierBanner }, { sequence: 1 });
