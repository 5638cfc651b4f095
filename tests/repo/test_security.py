"""Who may touch our models: an ACL line, a company rule, or a written reason."""

import csv
from pathlib import Path

from lxml import etree

from . import models, tree
from .reviewed import ACL_WITHOUT_USER, NO_COMPANY_RULE

USER_GROUP = "facturex_billing.group_facturex_user"


def acl_lines(addon: Path) -> list[dict[str, str]]:
    path = addon / "security" / "ir.model.access.csv"
    if not path.is_file():
        return []
    head, _end, body = tree.source(path).partition("\n")
    names = head.replace("/", ":").replace('"', "").split(",")
    lines = list(csv.DictReader(body.splitlines(), fieldnames=names))
    for number, line in enumerate(lines, 2):
        line["number"] = str(number)
        line["model"] = (line["model_id:id"] or "").rpartition(".")[2]
        group = (line["group_id:id"] or "").strip()
        line["group"] = f"{addon.name}.{group}" if group and "." not in group else group
    return lines


def access(root: Path, reviewed: dict[str, str]) -> list[str]:
    """Each model with a table has lines, none for everyone, one for the users."""
    found = []
    used = set()
    for addon in tree.addons(root):
        path = addon / "security" / "ir.model.access.csv"
        for line in acl_lines(addon):
            if not line["group"]:
                text = "an ACL line without group is open to everyone"
                found.append(tree.at(root, path, int(line["number"]), text))
    for model in models.own(root, "model", "wizard"):
        groups = {
            line["group"]
            for line in acl_lines(model.addon)
            if line["model"] == model.xmlid
        }
        where = (root, model.path, model.line)
        if not groups:
            found.append(tree.at(*where, f"{model.name} has no ACL line"))
        elif model.kind == "model" and USER_GROUP not in groups:
            used.add(model.name)
            if model.name not in reviewed:
                found.append(tree.at(*where, f"{model.name}: no line for {USER_GROUP}"))
    return found + _stale(reviewed, used)


def _stale(reviewed: dict[str, str], used: set[str]) -> list[str]:
    found = [f"reviewed.py: {name} excuses nothing" for name in set(reviewed) - used]
    found += [
        f"reviewed.py: {name} needs a reason in words"
        for name, reason in reviewed.items()
        if len(reason.split()) < 3
    ]
    return sorted(found)


def company_rules(root: Path, reviewed: dict[str, str]) -> list[str]:
    """Each model with a table is cut by company, by itself or through its parent."""
    found = []
    used = set()
    for model in models.own(root, "model"):
        if _is_cut(model, models.has_company(root, model)):
            continue
        used.add(model.name)
        if model.name not in reviewed:
            text = f"{model.name} has no global rule on company_ids"
            found.append(tree.at(root, model.path, model.line, text))
    return found + _stale(reviewed, used)


def _is_cut(model: models.Class, has_company: bool) -> bool:
    field = "company_id" if has_company else ".company_id"
    return any(
        field in domain.replace("company_ids", "") and "company_ids" in domain
        for domain in _global_domains(model.addon, model.xmlid)
    )


def _global_domains(addon: Path, xmlid: str) -> list[str]:
    domains = []
    for path in tree.xmls(addon):
        for record in tree.elements(path):
            if record.tag != "record" or record.get("model") != "ir.rule":
                continue
            fields = {f.get("name"): f for f in record.iterchildren("field")}
            target = fields["model_id"].get("ref", "") if "model_id" in fields else ""
            if "groups" not in fields and target.rpartition(".")[2] == xmlid:
                domains.append(_text(fields.get("domain_force")))
    return domains


def _text(field: etree._Element | None) -> str:
    return "" if field is None else (field.text or field.get("eval") or "")


def company_checks(root: Path) -> list[str]:
    """`_check_company_auto` refuses a record that points into another company."""
    return [
        tree.at(root, model.path, model.line, f"{model.name}: _check_company_auto")
        for model in models.own(root, "model", "wizard")
        if model.is_table
        and models.has_company(root, model)
        and not models.checks_company(root, model)
    ]


ACL_HEAD = "id,name,model_id:id,group_id:id,perm_read\n"
RULE = """
    <odoo>
      <record id="r" model="ir.rule">
        <field name="model_id" ref="{model}"/>
        <field name="domain_force">{domain}</field>
        {more}
      </record>
    </odoo>
"""
COMPANY = "[('company_id', 'in', company_ids)]"


def rule(model: str, domain: str = COMPANY, more: str = "") -> str:
    return RULE.format(model=model, domain=domain, more=more).strip()


def model(name: str, *lines: str, base: str = "Model") -> str:
    body = [f"_name = {name!r}", *lines]
    return f"class X(models.{base}):\n" + "".join(f"    {line}\n" for line in body)


def test_each_model_has_access_lines(root):
    tree.none(access(root, ACL_WITHOUT_USER))


def test_missing_and_open_access_lines_are_found(plant):
    user = "facturex_billing.group_facturex_user"
    planted = plant(
        {
            "addons/a/models/good.py": model("facturex.good"),
            "addons/a/models/bad.py": model("facturex.bad"),
            "addons/a/models/mixin.py": model("facturex.mixin", base="AbstractModel"),
            "addons/a/models/move.py": "class M(models.Model):\n    _inherit = 'm'\n",
            "addons/a/models/boss.py": model("facturex.boss"),
            "addons/a/wizard/ask.py": model("facturex.ask", base="TransientModel"),
            "addons/a/security/ir.model.access.csv": ACL_HEAD
            + f"a,a,model_facturex_good,{user},1\n"
            + "b,b,model_facturex_boss,facturex_billing.group_facturex_manager,1\n"
            + "c,c,model_facturex_good,,1\n",
        }
    )
    assert [line.rpartition(": ")[2] for line in access(planted, {})] == [
        "an ACL line without group is open to everyone",
        "facturex.bad has no ACL line",
        "no line for facturex_billing.group_facturex_user",
        "facturex.ask has no ACL line",
    ]
    reviewed = {"facturex.boss": "keys of the firm", "facturex.gone": "no more there"}
    found = access(planted, reviewed)
    assert not any("boss" in line for line in found)
    assert "reviewed.py: facturex.gone excuses nothing" in found


def test_each_model_is_cut_by_company(root):
    tree.none(company_rules(root, NO_COMPANY_RULE))


def test_missing_company_rules_are_found(plant):
    company = "company_id = fields.Many2one('res.company')"
    group = '<field name="groups" eval="[]"/>'
    parent = "[('order_id.company_id', 'in', company_ids)]"
    planted = plant(
        {
            "addons/a/models/good.py": model("facturex.good", company),
            "addons/a/models/child.py": model("facturex.child"),
            "addons/a/models/by_group.py": model("facturex.by_group", company),
            "addons/a/models/open.py": model("facturex.open", company),
            "addons/a/models/none.py": model("facturex.none"),
            "addons/a/wizard/ask.py": model("facturex.ask", base="TransientModel"),
            "addons/a/security/good.xml": rule("model_facturex_good"),
            "addons/a/security/child.xml": rule("a.model_facturex_child", parent),
            "addons/a/security/group.xml": rule("model_facturex_by_group", more=group),
            "addons/a/security/open.xml": rule("model_facturex_open", "[(1, '=', 1)]"),
        }
    )
    found = {line.split()[1] for line in company_rules(planted, {})}
    assert found == {"facturex.by_group", "facturex.open", "facturex.none"}
    reviewed = {"facturex.none": "law is the same everywhere", "facturex.good": "x"}
    found = company_rules(planted, reviewed)
    assert not any("facturex.none" in line for line in found)
    assert "reviewed.py: facturex.good excuses nothing" in found
    assert "reviewed.py: facturex.good needs a reason in words" in found


def test_each_model_with_a_company_checks_it(root):
    tree.none(company_checks(root))


def test_missing_company_checks_are_found(plant):
    company = "company_id = fields.Many2one('res.company')"
    auto = "_check_company_auto = True"
    planted = plant(
        {
            "addons/a/models/good.py": model("facturex.good", company, auto),
            "addons/a/models/free.py": model("facturex.free"),
            "addons/a/models/view.py": model("facturex.view", company, "_auto = False"),
            "addons/a/models/bad.py": model("facturex.bad", company),
            "addons/a/models/mixin.py": model(
                "facturex.mixin", company, base="AbstractModel"
            ),
            "addons/a/models/mixed.py": model(
                "facturex.mixed", "_inherit = ['facturex.mixin']"
            ),
        }
    )
    found = {line.split()[1] for line in company_checks(planted)}
    assert found == {"facturex.bad:", "facturex.mixed:"}
