"""Where our answers differ from `contract/` on purpose, each with its reason (decision or § of CONTRACT)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Override:
    """A merge patch (RFC 7396) on one place of a service's contract file, and why.

    `at` walks the file; its operations are keyed "METHOD path" and their parameters by name.
    """

    service: str
    at: tuple[str, ...]
    patch: Json
    why: str


@dataclass(frozen=True)
class Alias:
    """An operation that no document lists but clients call; it answers like a documented one."""

    method: str
    path: str
    like_method: str
    like_path: str
    why: str


def requires(service: str, schema: str, fields: str, why: str, *inside: str) -> Override:
    """Exactly these fields of a named schema, or of a place inside it, are always sent."""
    return Override(service, ("schemas", schema, *inside), {"required": sorted(fields.split())}, why)


def any_token(service: str, operation: str, why: str) -> Override:
    """Any valid token will do, an anonymous one included."""
    return Override(service, ("operations", operation), {"scopes": []}, why)


def optional(service: str, operation: str, parameter: str, why: str) -> Override:
    return Override(service, ("operations", operation, "parameters", parameter), {"required": False}, why)


STRING: Json = {"type": "string"}
BULK_ENTRY = "index code status"
TOKEN = "access_token token_type expires_in refresh_token refresh_token_expires_in"
TOKEN_TWINS = "accessToken saasToken expiresIn refreshToken refreshTokenExpiresIn"

OAUTH = (requires("oauth", "AccessToken", f"{TOKEN} session_idle_time scope", "§1.2: clients read these"),)

CUSTOMER_MANAGED = "customer-customer-managed"
TENANT_MANAGED = "customer-tenant-managed"
ANONYMOUS = "/customerlogin/auth/anonymous"

CUSTOMER = (
    Override(
        CUSTOMER_MANAGED,
        ("schemas", "AnonymousAccessToken"),
        {
            "properties": {"refresh_token": STRING, "refresh_token_expires_in": {"type": "integer"}},
            "required": sorted(f"{TOKEN} scope sessionId".split()),
        },
        "§1.3: the refresh fields stand only in the example, and clients need them",
    ),
    Override(
        CUSTOMER_MANAGED,
        ("schemas", "CustomerToken", "properties", "initialPassword"),
        {"type": "boolean"},
        "§1.4: a boolean, as in the example; the schema says string",
    ),
    requires(
        CUSTOMER_MANAGED,
        "CustomerToken",
        f"{TOKEN} {TOKEN_TWINS} saas_token session_id",
        "§1.4: clients still read the deprecated twins",
    ),
    requires(CUSTOMER_MANAGED, "RefreshCustomerToken", f"{TOKEN} session_id", "§1.5"),
    requires(
        CUSTOMER_MANAGED, "ValidateTokenResponse", "token_type expires_in scope sessionId email", "§1.5"
    ),
    requires(
        CUSTOMER_MANAGED,
        "ExchangeAuthTokenResponse",
        f"{TOKEN} subject_access_token saas_token session_idle_time scope session_id",
        "§1.6",
    ),
    requires(CUSTOMER_MANAGED, "ResourceLocation", "id", "§2.9: creates answer with the id"),
    requires(TENANT_MANAGED, "ResourceLocation", "id", "§2.9: creates answer with the id"),
    requires(CUSTOMER_MANAGED, "Customer", "id customerNumber", "§3.6: both hold the customer's number"),
    requires(TENANT_MANAGED, "CustomerForSellerDto", "id customerNumber", "§3.6: as above"),
    requires(TENANT_MANAGED, "CustomerBulkItemResponse", BULK_ENTRY, "§2.12"),
    Override(
        CUSTOMER_MANAGED,
        ("schemas", "Address"),
        {"required": None},
        "§3.6: an address may be created without a contact name, so it may be read without one",
    ),
    Override(TENANT_MANAGED, ("schemas", "Address"), {"required": None}, "§3.6: as above"),
    Override(
        CUSTOMER_MANAGED,
        ("schemas", "CustomerSignup"),
        {"required": None},
        "§3.6: a client sends email and password inside `signup` only",
    ),
    optional(CUSTOMER_MANAGED, f"GET {ANONYMOUS}/refresh", "anonymous_token", "§5.2: clients leave it out"),
    optional(CUSTOMER_MANAGED, f"GET {ANONYMOUS}/refresh", "tenant", "§1.3: or hybris-tenant"),
    optional(CUSTOMER_MANAGED, f"GET {ANONYMOUS}/login", "tenant", "§1.3: or hybris-tenant"),
    Override(
        CUSTOMER_MANAGED,
        ("operations", "POST /customer/{tenant}/exchangeauthtoken"),
        {"scopes": [], "tokens": ["AnonymousAccessToken"]},
        "§1.6: called with an anonymous token",
    ),
    Override(
        CUSTOMER_MANAGED,
        ("operations", "GET /customer/{tenant}/refreshauthtoken"),
        {"tokens": ["AnonymousAccessToken", "CustomerAccessToken"]},
        "§5.2: both kinds are accepted",
    ),
    Override(
        TENANT_MANAGED,
        ("operations", "POST /customer/{tenant}/customers/{customerNumber}/addresses/{addressId}/tags"),
        {"scopes": ["customer.customer_manage"]},
        "§3.7: tags are written under the scope of addresses, as DELETE documents",
    ),
)

CUSTOMER_MANAGEMENT = (
    requires("customer-management", "legalEntity", "id", "§2.9: inside an assignment it may be only the id"),
    requires("customer-management", "location", "id", "§2.9"),
    requires("customer-management", "contactAssignment", "id legalEntity customer type", "§3.8"),
)

SESSION_CONTEXT = (
    Override(
        "session-context",
        ("schemas", "Context"),
        {"additionalProperties": None},
        "§3.12: attributes are text too, as in the document's example",
    ),
    requires("session-context", "SessionContext_GET", "sessionId metadata", "§3.12"),
)

SITE = (
    requires("site-settings", "ResourceLocation", "id", "§2.9: the id is the code"),
    Override(
        "site-settings",
        ("operations", "PATCH /site/{tenant}/sites/{siteCode}", "request", "content", "application/json"),
        {"$ref": None, "type": "object"},
        "§3.9: a merge object needs no field, though the document repeats the schema of a whole site",
    ),
)

PRODUCTS = "/product/{tenant}/products"
PRODUCT_ID = "§2.3: every product carries id and yrn"

PRODUCT = (
    any_token("product", f"GET {PRODUCTS}", "§3.5: published products are open to any token"),
    any_token("product", f"POST {PRODUCTS}/search", "§3.5: as above"),
    any_token("product", f"GET {PRODUCTS}/{{productId}}", "§3.5: as above"),
    requires("product", "basicProductWithId", "id yrn code name", PRODUCT_ID),
    requires("product", "bundleProductWithId", "id yrn code name productType bundledProducts", PRODUCT_ID),
    requires(
        "product",
        "parentVariantProductWithId",
        "id yrn code name productType template variantAttributes",
        PRODUCT_ID,
    ),
    requires("product", "variantProductWithId", "id yrn code name", PRODUCT_ID),
    requires("product", "dynamicVariantProductWithId", "id yrn code name productType", PRODUCT_ID),
    requires("product", "resourceLocation", "id yrn", "§2.9"),
    requires("product", "bulkResponse", BULK_ENTRY, "§2.12"),
    *(
        Override(
            "product",
            ("schemas", "dynamicVariantRecalculationJobResponse", "properties", field),
            {"nullable": True},
            "the document's examples: null until there is something to tell",
        )
        for field in ("error", "finishedAt", "processingStartedAt")
    ),
)

CATEGORIES = "/category/{tenant}/categories"
TREES = "/category/{tenant}/category-trees"

CATEGORY = (
    *(
        Override(
            "category",
            ("operations", operation),
            {"scopes": [], "tokens": ["OAuth2"]},
            "§1.8: a valid token of any kind, though the document asks for none",
        )
        for operation in (
            f"GET {CATEGORIES}",
            f"POST {CATEGORIES}/search",
            f"GET {CATEGORIES}/categoryTree",
            f"GET {CATEGORIES}/{{categoryId}}",
            f"GET {CATEGORIES}/{{categoryId}}/assignments",
            f"GET {CATEGORIES}/{{categoryId}}/parents",
            f"GET {CATEGORIES}/{{categoryId}}/subcategories",
        )
    ),
    Override(
        "category",
        ("schemas", "CategoryList"),
        {"items": None, "type": None, "$ref": "#/schemas/Category"},
        "§2.4: answers are bare arrays; the document has a list of lists",
    ),
    *(
        Override(
            "category",
            ("operations", operation),
            {"scopes": ["category.category_manage"]},
            "§3.3: the other scopes are for a change of `published`",
        )
        for operation in (
            f"POST {CATEGORIES}",
            f"PUT {CATEGORIES}/{{categoryId}}",
            f"PATCH {CATEGORIES}/{{categoryId}}",
        )
    ),
    any_token(
        "category",
        "GET /category/{tenant}/assignments/references/{referenceId}",
        "§3.3: the scope is for showUnpublished=true",
    ),
    Override(
        "category",
        ("operations", f"POST {TREES}/{{rootCategoryId}}/rebuild"),
        {"scopes": ["category.category_manage"]},
        "§3.3: the other scope is for showUnpublished=true",
    ),
    Override(
        "category",
        ("schemas", "Category", "properties"),
        {"type": STRING},
        "§3.3: STANDARD or CLASSIFICATION, as in the document's list",
    ),
    any_token("category", f"GET {TREES}", "§3.3: the scope is for showUnpublished=true"),
    any_token("category", f"POST {TREES}/search", "§3.3: as above"),
    any_token("category", f"GET {TREES}/{{categoryId}}", "§3.3: as above"),
    Override(
        "category",
        ("schemas", "CategoryTree", "properties"),
        {"type": STRING},
        "§3.3: so that a storefront can leave out the trees of classifications",
    ),
    requires("category", "CategoryIdResponse", "id", "§2.9"),
    requires("category", "AssignmentIdResponse", "id", "§2.9"),
    requires("category", "CategoryAssignment", "id categoryId ref", "§3.3"),
    requires(
        "category",
        "CategoryAssignmentRefQueryDocument",
        "id type",
        "§3.3: localizedName is filled later, and never for a product that does not exist here",
    ),
    requires("category", "BulkAssignmentResponse", BULK_ENTRY, "§2.12", "items"),
)

COUPONS = "/coupon/{tenant}/coupons"

COUPON = (
    any_token("coupon", f"GET {COUPONS}/{{code}}", "§3.2: no scope for oneself"),
    any_token("coupon", f"POST {COUPONS}/{{code}}/validation", "§3.2: no scope for oneself"),
    any_token("coupon", f"POST {COUPONS}/{{code}}/redemptions", "§3.2: no scope for oneself"),
    optional("coupon", f"PUT {COUPONS}/{{code}}", "partial", "§5.2: deprecated, so not demanded"),
    Override(
        "coupon",
        ("schemas", "coupon", "properties"),
        {"code": STRING, "status": {"type": "string", "enum": ["VALID", "INACTIVE", "EXPIRED", "USED"]}},
        "§3.2: both are sent, as in the example",
    ),
    requires("coupon", "coupon", "code name discountType status", "§3.2"),
    requires("coupon", "coupon-with-id-and-status", "code name discountType status", "§3.2"),
    Override("coupon", ("schemas", "redemption", "properties"), {"code": STRING}, "the document's example"),
    requires("coupon", "redemption", "id orderTotal discount", "§3.2"),
    requires("coupon", "resource-location", "id yrn", "§2.9"),
)

SEGMENTS = "/customer-segment/{tenant}/segments"
SEGMENT_SERVICE = "customer-segments"

SEGMENT = (
    requires(SEGMENT_SERVICE, "SegmentResponse", "id name siteCode status metadata", "§3.1"),
    requires(SEGMENT_SERVICE, "CustomerAssignmentResponse", "customer assignmentType metadata", "§3.1"),
    requires(SEGMENT_SERVICE, "CustomerAssignmentB2CResponse", "customer assignmentType metadata", "§3.1"),
    requires(SEGMENT_SERVICE, "Customer", "id", "§5.1 #9: id, though an example says customerId"),
    requires(SEGMENT_SERVICE, "LegalEntity", "id", "§5.1 #9"),
    requires(SEGMENT_SERVICE, "ItemAssignmentResponse", "segmentId item type metadata", "§3.1"),
    requires(SEGMENT_SERVICE, "BulkResponse", BULK_ENTRY, "§2.12"),
    requires(SEGMENT_SERVICE, "BulkAssignmentResponse", BULK_ENTRY, "§2.12"),
    Override(
        SEGMENT_SERVICE,
        ("schemas", "CategoryTreeResponse", "items"),
        {
            "required": ["id", "isSegmentAssigned", "name"],
            "properties": {
                "code": {"nullable": True},
                "parentId": STRING,
                "subcategories": {"items": None, "$ref": "#/schemas/CategoryTreeResponse", "type": None},
            },
        },
        "§5.1 #11: a category may lack a code; nodes nest; all but the roots name their parent",
    ),
    Override(
        SEGMENT_SERVICE,
        ("schemas", "Match"),
        {"required": ["items", "segmentIds"], "properties": {"siteCode": STRING}},
        "decision 3: site or siteCode",
    ),
    Override(
        SEGMENT_SERVICE,
        ("operations", f"PATCH {SEGMENTS}/{{segmentId}}", "request", "content", "application/json"),
        {
            "items": None,
            "type": None,
            "oneOf": [
                {"type": "array", "items": {"$ref": "#/schemas/PatchOperation"}},
                {"type": "object"},
            ],
        },
        "decision 4: RFC 6902 operations or a merge object",
    ),
    *(
        Override(
            SEGMENT_SERVICE,
            ("operations", operation, "responses", "201", "content", "application/json"),
            {"required": ["id"]},
            "§3.1",
        )
        for operation in (f"POST {SEGMENTS}", f"PUT {SEGMENTS}/{{segmentId}}")
    ),
)

IAM_SERVICE = "iam"
GROUPS = "/iam/{tenant}/groups"
IAM_MANAGE = "§3.13: the scope that the document's own 403 demands, though it lets readers call"

IAM = (
    *(
        Override(
            IAM_SERVICE,
            ("operations", operation),
            {"scopes": ["iam.group_manage", "iam.group_read"]},
            IAM_MANAGE,
        )
        for operation in (f"POST {GROUPS}", f"PUT {GROUPS}/{{groupId}}")
    ),
    Override(
        IAM_SERVICE,
        ("schemas", "GroupsQueryDocument", "properties", "mixins"),
        {"additionalProperties": True},
        "§2.7: what a request may hold is answered, objects included",
    ),
    requires(IAM_SERVICE, "GroupsQueryDocument", "id name userType metadata", "§3.13"),
    requires(IAM_SERVICE, "AccessControlQueryDocument", "id scopes predefined metadata", "§3.13"),
    requires(IAM_SERVICE, "CustomScopeQueryDocument", "id predefined metadata", "§3.13"),
    requires(IAM_SERVICE, "TemplateQueryDocument", "id name accessControls", "§3.13"),
    requires(IAM_SERVICE, "AssignmentQueryDocument", "id groupId userId userType", "§3.13"),
    requires(IAM_SERVICE, "UserScopesResponse", "userId scopes", "§3.13: a storefront splits the scopes"),
    *(
        requires(IAM_SERVICE, schema, "id", "§2.9")
        for schema in (
            "GroupIdResponse",
            "UserIdResponse",
            "AssignmentIdResponse",
            "AccessControlIdResponse",
            "CustomScopeIdResponse",
        )
    ),
)

SCHEMA_ID = "§2.9: creates answer with the id"

SCHEMA = (
    Override("schema", ("schemas", "SchemaType"), {"enum": None}, "its description: or any custom type's id"),
    *(
        Override(
            "schema",
            ("schemas", schema, "properties", "mixins"),
            {"type": "object"},
            "the document's examples: an object, though it says string",
        )
        for schema in ("CustomInstanceCreation", "CustomInstanceUpdate", "CustomInstanceResponse")
    ),
    requires("schema", "IdResponse", "id", SCHEMA_ID),
    requires("schema", "CustomInstanceResponse", "id type owner metadata", "§3.11"),
    requires("schema", "CustomSchemaTypeResponse", "id name metadata", "§3.11"),
    requires("schema", "BulkResponse", BULK_ENTRY, "§2.12", "items"),
)

BRAND_LABEL = (
    requires("brand", "brandResponse", "id name localizedName metadata", "§3.17"),
    Override(
        "brand",
        ("operations", "DELETE /brand/brands/{brandId}"),
        {"scopes": ["brand.brand_delete", "brand.brand_manage"]},
        "§5.2: the scope is declared nowhere, and older text names the one to manage brands",
    ),
    requires("label", "label", "id name description metadata", "§3.16"),
    *(
        Override(
            "label",
            ("operations", operation),
            {"scopes": ["label.label_manage"]},
            "§5.2: left out of the document, and named in older text",
        )
        for operation in (
            "POST /label/labels",
            "PUT /label/labels/{labelId}",
            "PATCH /label/labels/{labelId}",
            "DELETE /label/labels/{labelId}",
        )
    ),
)

MEDIA = (
    Override(
        "media",
        ("responses", "GetPrivateAsset", "content"),
        {"*/*": {}, "text/plain": None},
        "§3.15: a file is answered as what it is",
    ),
    requires("media", "GetAsset", "id type access metadata", "§3.15"),
)

OVERRIDES: tuple[Override, ...] = (
    *MEDIA,
    *BRAND_LABEL,
    *OAUTH,
    *CUSTOMER,
    *CUSTOMER_MANAGEMENT,
    *SESSION_CONTEXT,
    *SITE,
    *PRODUCT,
    *CATEGORY,
    *COUPON,
    *SEGMENT,
    *IAM,
    *SCHEMA,
)

ME = "/customer/{tenant}/me"
MIRROR = "/caas-customer/{tenant}/customers"
CUSTOMERS = "/customer/{tenant}/customers"

ALIASES: tuple[Alias, ...] = (
    Alias("PUT", ME, "PATCH", ME, "§3.6: an SDK updates by PUT"),
    Alias("PUT", f"{ME}/addresses/{{addressId}}", "PATCH", f"{ME}/addresses/{{addressId}}", "§3.6: as above"),
    Alias("GET", MIRROR, "GET", CUSTOMERS, "§3.7: a storefront uses the old mirror path"),
    Alias("POST", MIRROR, "POST", CUSTOMERS, "§3.7: as above"),
    Alias(
        "PATCH", f"{MIRROR}/{{customerNumber}}", "PATCH", f"{CUSTOMERS}/{{customerNumber}}", "§3.7: as above"
    ),
    Alias("POST", "/product/{tenant}/search", "POST", f"{PRODUCTS}/search", "§3.5: a storefront needs it"),
)
