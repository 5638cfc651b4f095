import { Component, onWillStart, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const MEMBER = "facturex.dossier.member";

/** Who may do what, where: dossiers in rows, people in columns, a role in each cell. */
export class RoleMatrix extends Component {
    static template = "facturex_portal.RoleMatrix";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ data: null, text: "", capability: "" });
        onWillStart(async () => {
            this.state.data = await this.orm.call(MEMBER, "get_matrix", []);
        });
    }

    get display() {
        return { controlPanel: {} };
    }

    get rows() {
        const text = this.state.text.trim().toLowerCase();
        return this.state.data.dossiers.filter(
            (dossier) =>
                !text ||
                dossier.name.toLowerCase().includes(text) ||
                dossier.cells.some((cell) => cell.name.toLowerCase().includes(text))
        );
    }

    get people() {
        return this.state.data.people;
    }

    cellOf(dossier, person) {
        return dossier.cells.find((cell) => cell.user === person.id);
    }

    /** People who have no column of their own. */
    others(dossier) {
        const shown = new Set(this.people.map((person) => person.id));
        return dossier.cells.filter((cell) => !shown.has(cell.user));
    }

    get hasOthers() {
        return this.state.data.dossiers.some((dossier) => this.others(dossier).length);
    }

    /** What the role allows, in words: shown when the pointer rests on it. */
    detail(cell) {
        return this.state.data.capabilities
            .filter((capability) => cell.codes.includes(capability.code))
            .map((capability) => capability.name)
            .join(", ");
    }

    may(cell) {
        return cell.codes.includes(this.state.capability);
    }

    async setRole(cell, ev) {
        const role = parseInt(ev.target.value);
        try {
            this.state.data = await this.orm.call(MEMBER, "set_role", [[cell.id], role]);
        } finally {
            ev.target.value = String(cell.role);
            this.state.data = await this.orm.call(MEMBER, "get_matrix", []);
        }
    }

    openList() {
        return this.action.doAction("facturex_portal.facturex_dossier_member_action");
    }
}

registry.category("actions").add("facturex_role_matrix", RoleMatrix);
