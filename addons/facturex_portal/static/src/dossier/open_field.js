import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const formatters = registry.category("formatters");

/** A figure of a list that opens what it counts: options="{'action': 'method'}". */
export class OpenField extends Component {
    static template = "facturex_portal.OpenField";
    static props = { ...standardFieldProps, action: String };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    get value() {
        return this.props.record.data[this.props.name];
    }

    get text() {
        const field = this.props.record.fields[this.props.name];
        const format = formatters.get(field.type, (value) => value);
        return format(this.value, { field, data: this.props.record.data });
    }

    async open() {
        const { resModel, resId, context } = this.props.record;
        const action = await this.orm.call(resModel, this.props.action, [[resId]], {
            context,
        });
        await this.action.doAction(action);
    }
}

registry.category("fields").add("facturex_open", {
    component: OpenField,
    supportedTypes: ["integer", "monetary"],
    extractProps: ({ options }) => ({ action: options.action }),
});
