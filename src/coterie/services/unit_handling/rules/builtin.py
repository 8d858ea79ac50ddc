"""The units that every tenant has from the start: codes, types and exact factors.

Factors are those of the SI and of the international yard and pound, as UCUM has them. Most units have two codes:
the short one, and the one of UN/CEFACT recommendation 20, with which catalogues are exchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from coterie.seeds import names

Document = dict[str, Any]

# Type: its units, each with short code, UN/CEFACT code, what CLDR or `_NAMES` calls it, symbol, and how many of the
# first one, the base unit, it is.
_TABLE = {
    "area": """
        m2      MTK area-square-meter        m²     1
        mm2     MMK !square-millimeter       mm²    0.000001
        cm2     CMK area-square-centimeter   cm²    0.0001
        dm2     DMK !square-decimeter        dm²    0.01
        ha      HAR area-hectare             ha     10000
        km2     KMK area-square-kilometer    km²    1000000
        in2     INK area-square-inch         in²    0.00064516
        ft2     FTK area-square-foot         ft²    0.09290304
        yd2     YDK area-square-yard         yd²    0.83612736
        acre    ACR area-acre                ac     4046.8564224
    """,
    "length": """
        m       MTR length-meter             m      1
        um      4H  length-micrometer        µm     0.000001
        mm      MMT length-millimeter        mm     0.001
        cm      CMT length-centimeter        cm     0.01
        dm      DMT length-decimeter         dm     0.1
        km      KMT length-kilometer         km     1000
        in      INH length-inch              in     0.0254
        ft      FOT length-foot              ft     0.3048
        yd      YRD length-yard              yd     0.9144
        mi      SMI length-mile              mi     1609.344
        nmi     NMI length-nautical-mile     nmi    1852
    """,
    "mass": """
        kg      KGM mass-kilogram            kg     1
        ug      MC  mass-microgram           µg     0.000000001
        mg      MGM mass-milligram           mg     0.000001
        ct      CTM mass-carat               ct     0.0002
        g       GRM mass-gram                g      0.001
        dag     DJ  !decagram                dag    0.01
        t       TNE mass-tonne               t      1000
        gr      GRN mass-grain               gr     0.00006479891
        oz      ONZ mass-ounce               oz     0.028349523125
        oz-t    APZ mass-ounce-troy          oz t   0.0311034768
        lb      LBR mass-pound               lb     0.45359237
        st      STI mass-stone               st     6.35029318
        us-ton  STN mass-ton                 tn     907.18474
    """,
    "quantity": """
        pc      H87 !piece                   pc     1
        piece   C62 !piece                   pc     1
        each    EA  !piece                   pc     1
        pair    PR  !pair                    pr     2
        dozen   DZN !dozen                   dz     12
        gross   GRO !gross                   gro    144
    """,
    "volume": """
        l          LTR volume-liter                l         1
        ml         MLT volume-milliliter           ml        0.001
        cl         CLT volume-centiliter           cl        0.01
        dl         DLT volume-deciliter            dl        0.1
        hl         HLT volume-hectoliter           hl        100
        cm3        CMQ volume-cubic-centimeter     cm³       0.001
        m3         MTQ volume-cubic-meter          m³        1000
        us-fl-oz   OZA volume-fluid-ounce          fl oz     0.0295735295625
        us-cup     G21 volume-cup                  c         0.2365882365
        us-pt      PTL volume-pint                 pt        0.473176473
        us-qt      QTL volume-quart                qt        0.946352946
        us-gal     GLL volume-gallon               gal       3.785411784
        imp-fl-oz  OZI volume-fluid-ounce-imperial imp fl oz 0.0284130625
        imp-qt     QTI volume-quart-imperial       imp qt    1.1365225
        imp-gal    GLI volume-gallon-imperial      imp gal   4.54609
    """,
}

# What CLDR does not name, in the languages in which we can say it.
_NAMES = {
    "!piece": "en piece de Stück fr pièce es pieza it pezzo nl stuk pl sztuka pt peça",
    "!pair": "en pair de Paar fr paire es par it paio nl paar pl para pt par",
    "!dozen": "en dozen de Dutzend fr douzaine es docena it dozzina nl dozijn pl tuzin pt dúzia",
    "!gross": "en gross de Gros fr grosse es gruesa it grossa nl gros pl gros pt grosa",
    "!decagram": "en decagram de Dekagramm fr décagramme es decagramo it decagrammo nl decagram "
    "pl dekagram pt decagrama",
    "!square-millimeter": "en square·millimeter de Quadratmillimeter fr millimètre·carré es milímetro·cuadrado "
    "it millimetro·quadrato nl vierkante·millimeter pl milimetr·kwadratowy pt milímetro·quadrado",
    "!square-decimeter": "en square·decimeter de Quadratdezimeter fr décimètre·carré es decímetro·cuadrado "
    "it decimetro·quadrato nl vierkante·decimeter pl decymetr·kwadratowy pt decímetro·quadrado",
}


def _units() -> dict[str, tuple[str, Document]]:
    """Each unit by its code: what it is called, and its document without a name."""
    found = {}
    for type_, lines in _TABLE.items():
        for at, line in enumerate(filter(None, map(str.strip, lines.splitlines()))):
            code, trade, name, *symbol, factor = line.split()
            document = {"type": type_, "symbol": " ".join(symbol), "factor": factor}
            found[code] = name, {**document, "baseUnit": at == 0}
            found[trade] = name, {**document, "baseUnit": False}
    return found


_UNITS = _units()

BASES: Mapping[str, str] = MappingProxyType(
    {unit["type"]: code for code, (_, unit) in _UNITS.items() if unit["baseUnit"]}
)
"""The base unit of each type, as long as the tenant does not change it."""

CODES = frozenset(_UNITS)
"""The codes of all units."""


def seeds(languages: tuple[str, ...], codes: frozenset[str] | set[str] = CODES) -> dict[str, Document]:
    """The units with these codes, named in these languages. A factor is text, so that it stays exact."""
    return {
        code: {**unit, "name": {language: _name(name, language) for language in languages}}
        for code, (name, unit) in _UNITS.items()
        if code in codes
    }


def _name(key: str, language: str) -> str:
    if not key.startswith("!"):
        return names.unit(key, language)
    words = _NAMES[key].split()
    texts = dict(zip(words[::2], words[1::2], strict=True))
    return texts.get(language.partition("-")[0], texts["en"]).replace("·", " ")
