"""Judging products against what is stored: scopes, vendors, codes, relations, bundles, variants, trees, templates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from coterie.kit.call import Call
from coterie.kit.errors import AlreadyExists, Forbidden, Problem
from coterie.kit.language import check_map
from coterie.kit.store import Refusal, Write, among
from coterie.services.configuration import facade as configurations
from coterie.services.product.operations import bundles, classification
from coterie.services.product.operations.stored import LOCALIZED, existing
from coterie.services.product.operations.surroundings import Surroundings
from coterie.services.product.rules import products as rules
from coterie.services.product.rules import templates, trees, variants
from coterie.services.product.schemas.products import WriteQuery
from coterie.services.product.tables import product


@dataclass(frozen=True)
class Options:
    """What a request says of its writes: whether variants are made, and whether related products must exist."""

    generate: bool = True
    related_checked: bool = True

    @classmethod
    def of(cls, call: Call, query: WriteQuery) -> Options:
        """From the query; relations go unchecked only where the tenant allows it."""
        skipped = query.skip_related_items_validation and call.setting("allowToSkipRelatedProductsValidation")
        return cls(not query.skip_variant_generation, not skipped)


class Judgement:
    """The verdicts on the products of one round; one that passes counts for those after it.

    made: how many variants the request makes.
    """

    def __init__(
        self, call: Call, options: Options, vendor: str | None, around: Surroundings, made: int
    ) -> None:
        self._call, self._options, self._vendor, self._around = call, options, vendor, around
        self.made = made
        self._holders: dict[str, str] = {}
        self._known: set[str] | None = None
        self._types: frozenset[str] | None = None
        self._inside: dict[str, list[str]] = {}

    async def of(self, writes: Sequence[Write]) -> list[Refusal]:
        """What is wrong with each product, or nothing."""
        self._holders = await _holders(self._call, writes)
        self._known = await self._referred(writes)
        if any("relatedItems" in write.document for write in writes):
            self._types = rules.relation_types(await _relation_types(self._call))
        self._inside = await bundles.inside(self._call, writes)
        lacking = await classification.apply(self._call, writes)
        verdicts = []
        for write, lacks in zip(writes, lacking, strict=True):
            verdict = self._verdict(write) or lacks
            if not verdict:
                self._accept(write)
            verdicts.append(verdict)
        return verdicts

    async def _referred(self, writes: Sequence[Write]) -> set[str] | None:
        """The related and bundled products that exist, or None when the tenant keeps references open (decision 5)."""
        if self._call.setting("references") == "open":
            return None
        ids = {id for write in writes for id in rules.new_members(write.document, write.before)}
        if self._options.related_checked:
            ids |= {id for write in writes for id in rules.new_relations(write.document, write.before)}
        return await existing(self._call, ids)

    def _accept(self, write: Write) -> None:
        id = write.key[0]
        self._holders.setdefault(write.document["code"], id)
        if self._known is not None:
            self._known.add(id)
        if write.document["productType"] == rules.VARIANT:
            siblings = self._around.siblings_of(write.document["parentVariantId"])
            siblings[id] = variants.combination(write.document)
        self._inside[id] = [each["productId"] for each in write.document.get("bundledProducts", ())]

    def _verdict(self, write: Write) -> Refusal:
        if self._vendor is not None:
            before = write.before
            theirs = before is not None and rules.vendor_of(before) != self._vendor
            if theirs or rules.vendor_of(write.document) != self._vendor:
                return Forbidden(message="The product is of another vendor.")
        scope = rules.scope_needed(write.document["published"], write.before)
        if scope is not None and not self._call.caller.may((scope,)):
            return Forbidden((scope,))
        code = write.document["code"]
        holder = self._holders.get(code, write.key[0])
        if holder != write.key[0]:
            return AlreadyExists("product", holder, f"The code {code!r} is taken by the product {holder}.")
        return [
            *self._languages(write),
            *self._references(write),
            *rules.relation_problems(write.document, write.before, self._types),
            *self._template(write),
            *self._by_type(write),
        ]

    def _languages(self, write: Write) -> list[Problem]:
        """Texts in languages that the request may not hold; what is kept, or inherited, need not be in one of them."""
        document = write.document
        problems = []
        for name in LOCALIZED:
            texts = document.get(name)
            theirs = document["productType"] == rules.VARIANT and name not in document.get(
                "metadata", {}
            ).get("overridden", ())
            if texts is not None and not theirs:
                kept = (write.before or {}).get(name) or {}
                new = {tag: text for tag, text in texts.items() if kept.get(tag) != text}
                problems += check_map(new, self._call.content, self._call.tenant.languages, name)
        return problems

    def _references(self, write: Write) -> list[Problem]:
        if self._known is None:
            return []
        places = rules.new_members(write.document, write.before)
        if self._options.related_checked:
            places |= rules.new_relations(write.document, write.before)
        return [
            Problem.violation(place, f"there is no product {id[:80]!r}; create it first")
            for id, place in places.items()
            if id not in self._known
        ]

    def _template(self, write: Write) -> list[Problem]:
        chosen = write.document.get("template")
        if chosen is None:
            needed = write.document["productType"] == rules.PARENT
            return [Problem.violation("template", "is required of a parent of variants")] if needed else []
        template = self._around.templates.get((chosen["id"], chosen["version"]))
        if template is None:
            text = f"there is no template {chosen['id'][:80]!r} in version {chosen['version']}"
            return [Problem.violation("template", text)]
        return templates.product_problems(write.document, template["attributes"])

    def _by_type(self, write: Write) -> list[Problem]:
        id, document = write.key[0], write.document
        type_ = document["productType"]
        if type_ == rules.BUNDLE:
            members = [each["productId"] for each in document["bundledProducts"]]
            through = rules.circle(id, members, self._inside)
            text = "is a bundle that this one is part of, or this one itself; leave it out"
            return [] if through is None else [Problem.violation("bundledProducts", f"{through!r} {text}")]
        if type_ == rules.VARIANT:
            parent = self._around.products[document["parentVariantId"]]
            siblings = self._around.siblings_of(document["parentVariantId"])
            others = {each: values for each, values in siblings.items() if each != id}
            return variants.variant_problems(document, parent, others)
        if type_ == rules.DYNAMIC:
            return trees.place_problems(id, document["parentVariantPath"], *self._around.below(id))
        return self._parent(write) if type_ == rules.PARENT else []

    def _parent(self, write: Write) -> list[Problem]:
        attributes = write.document.get("variantAttributes") or {}
        siblings = self._around.siblings_of(write.key[0])
        problems = variants.attribute_removals(attributes, siblings)
        if problems or not self._options.generate:
            return problems
        self.made += max(variants.number_of_combinations(attributes) - len(siblings), 0)
        if self.made > variants.MOST_GENERATED:
            text = (
                f"the request would make more than {variants.MOST_GENERATED} variants; "
                "use fewer values, or skipVariantGeneration=true"
            )
            return [Problem.violation("variantAttributes", text)]
        return []


async def _relation_types(call: Call) -> object:
    """The configuration `relation_types`, which may be JSON in a text."""
    value = await configurations.value(call, "relation_types")
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return None
    return value


async def _holders(call: Call, writes: Sequence[Write]) -> dict[str, str]:
    """The products that now have the codes asked for."""
    codes = {
        write.document["code"]
        for write in writes
        if write.before is None or write.before["code"] != write.document["code"]
    }
    if not codes:
        return {}
    wanted = among(call.db, [product.c.code], [(code,) for code in sorted(codes)])
    statement = select(product.c.code, product.c.id).where(product.c.tenant == call.tenant.name, wanted)
    return {row.code: row.id for row in await call.db.all(statement)}
