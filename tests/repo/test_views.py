"""Views speak Odoo 19, menus lead somewhere, add-ons only know those below."""

import re
from pathlib import Path

from lxml import etree

from . import tree

OLD_ATTRIBUTES = {"attrs", "states", "t-raw"}
OLD_MODE = re.compile(r"""["']view_mode["']\s*:\s*["'][^"']*\btree\b""")
# lowest first: an add-on never names one above it
CHAIN = ("facturex_billing", "facturex_banking", "facturex_portal")
READ = {".csv", ".js", ".po", ".pot", ".py", ".scss", ".sql", ".xml"}


def old_views(root: Path) -> list[str]:
    found = []
    for addon in tree.addons(root):
        for path in tree.xmls(addon):
            for element in tree.elements(path):
                for text in _old(element):
                    found.append(tree.at(root, path, element.sourceline, text))
        for path in tree.files(addon, "*.py"):
            for number, line in enumerate(tree.source(path).splitlines(), 1):
                if OLD_MODE.search(line):
                    found.append(tree.at(root, path, number, "view_mode tree is list"))
    return found


def _old(element: etree._Element) -> list[str]:
    old = sorted(OLD_ATTRIBUTES & set(element.keys()))
    found = [f"{name}= is gone" for name in old]
    if element.tag == "tree":
        found.append("<tree> is <list>")
    if element.get("t-name") == "kanban-box":
        found.append("kanban-box is card")
    if re.search(r"\btree\b", element.get("expr", "")):
        found.append("the xpath looks for <tree>")
    is_mode = element.tag == "field" and element.get("name") == "view_mode"
    if is_mode and re.search(r"\btree\b", element.text or ""):
        found.append("view_mode tree is list")
    return found


def dead_menus(root: Path) -> list[str]:
    """A menu's action is one of ours, or names the module it comes from."""
    found = []
    ids = {addon.name: _ids(addon) for addon in tree.addons(root)}
    for addon in tree.addons(root):
        for path in tree.xmls(addon):
            for element in tree.elements(path):
                module, _dot, name = _menu_action(element).rpartition(".")
                module = module or addon.name
                if name and module in ids and name not in ids[module]:
                    text = f"the menu's action {name} does not exist"
                    found.append(tree.at(root, path, element.sourceline, text))
    return found


def _ids(addon: Path) -> set[str]:
    ids = set()
    for path in tree.xmls(addon):
        for element in tree.elements(path):
            if element.tag == "record":
                name = element.get("id", "").removeprefix(f"{addon.name}.")
                # a cron brings the server action it delegates to
                cron = element.get("model") == "ir.cron"
                ids |= {name, f"{name}_ir_actions_server"} if cron else {name}
    return ids


def _menu_action(element: etree._Element) -> str:
    if element.tag == "menuitem":
        return element.get("action", "")
    parent = element.getparent()
    if element.tag == "field" and element.get("name") == "action":
        if parent is not None and parent.get("model") == "ir.ui.menu":
            return element.get("ref", "")
    return ""


def names_from_above(root: Path) -> list[str]:
    """facturex_billing knows no other, facturex_banking not facturex_portal."""
    found = []
    for height, name in enumerate(CHAIN):
        above = re.compile("|".join(CHAIN[height + 1 :]) or r"(?!)")
        addon = root / "addons" / name
        for path in tree.files(addon, "*"):
            if path.suffix not in READ or "samples" in path.parts:
                continue
            for number, line in enumerate(tree.source(path).splitlines(), 1):
                if match := above.search(line):
                    text = f"{name} knows {match[0]}"
                    found.append(tree.at(root, path, number, text))
    return found


def test_views_are_of_odoo_19(root):
    tree.none(old_views(root))


def test_old_views_are_found(plant):
    planted = plant(
        {
            "addons/a/views/x.xml": """\
                <odoo>
                <tree/>
                <field name="a" attrs="{}"/>
                <button states="draft"/>
                <t t-raw="x"/>
                <t t-name="kanban-box"/>
                <xpath expr="//tree/field"/>
                <field name="view_mode">tree,form</field>
                <list><field name="tree_view"/></list>
                </odoo>""",
            "addons/a/models/x.py": 'a = {"view_mode": "tree,form"}\n',
            "addons/a/tests/samples/x.xml": "<tree/>",
        }
    )
    assert [line.split(":")[1] for line in old_views(planted)] == list("23456781")


def test_menus_have_an_action(root):
    tree.none(dead_menus(root))


def test_menus_without_action_are_found(plant):
    planted = plant(
        {
            "addons/a/views/x.xml": """\
                <odoo>
                <record id="good" model="ir.actions.act_window"/>
                <menuitem id="root"/>
                <menuitem id="m1" action="good"/>
                <menuitem id="m2" action="gone"/>
                <menuitem id="m3" action="account.any"/>
                <record id="m4" model="ir.ui.menu">
                <field name="action" ref="gone"/>
                </record>
                </odoo>""",
            "addons/b/views/x.xml": """\
                <odoo>
                <menuitem id="m1" action="a.good"/>
                <menuitem id="m2" action="good"/>
                <menuitem id="m3" action="a.gone"/>
                </odoo>""",
        }
    )
    assert [line.rsplit(":", 1)[0] for line in dead_menus(planted)] == [
        "addons/a/views/x.xml:5",
        "addons/a/views/x.xml:8",
        "addons/b/views/x.xml:3",
        "addons/b/views/x.xml:4",
    ]


def test_addons_only_know_those_below(root):
    tree.none(names_from_above(root))


def test_names_from_above_are_found(plant):
    low, middle, high = CHAIN
    planted = plant(
        {
            f"addons/{low}/models/x.py": f"a = '{low}'\nb = '{middle}.x'\n",
            f"addons/{low}/views/x.xml": f"<odoo><!-- {high} --></odoo>",
            f"addons/{low}/README.md": f"see {high}\n",
            f"addons/{middle}/models/x.py": f"a = '{low}'\nb = '{high}'\n",
            f"addons/{high}/models/x.py": f"a = '{low} {middle}'\n",
        }
    )
    assert names_from_above(planted) == [
        f"addons/{low}/models/x.py:2: {low} knows {middle}",
        f"addons/{low}/views/x.xml:1: {low} knows {high}",
        f"addons/{middle}/models/x.py:2: {middle} knows {high}",
    ]
