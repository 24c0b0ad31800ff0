// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include <valijson/constraints/concrete_constraints.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>

#include "lib/manifest/json_values.hpp"
#include "lib/manifest/pattern.hpp"
#include "lib/manifest/schema_adapter.hpp"

namespace osb::manifest {

using valijson::Subschema;
namespace constraints = valijson::constraints;

/// The schema as valijson understood it, and what checking needs again and again. Only for schema_validator.cpp:
/// including valijson is dear.
class CompiledSchema {
public:
    /// The properties constraint with its regular expressions at hand.
    struct Properties {
        std::map<std::string, const Subschema *, std::less<>> named;
        std::vector<std::pair<const Pattern *, const Subschema *>> patterns;
        const Subschema *additional = nullptr;  ///< nullptr: no other properties are allowed
    };

    explicit CompiledSchema(const Json &schema) {
        const Json cleaned = clean(schema);
        valijson::SchemaParser(valijson::SchemaParser::kDraft4)
            .populateSchema(schema_adapter::Adapter(cleaned), schema_);
    }

    const Subschema &root() const { return *schema_.root(); }
    /// Whether the subschema accepts everything without looking.
    bool is_empty(const Subschema *subschema) const { return subschema == schema_.emptySubschema(); }

    const Pattern &pattern(const std::string &text) { return patterns_.try_emplace(text, text).first->second; }

    const Properties &properties(const constraints::PropertiesConstraint &constraint) {
        const auto [place, is_new] = properties_.try_emplace(&constraint);
        if (!is_new) return place->second;
        Properties &properties = place->second;
        constraint.applyToProperties([&](const auto &name, const Subschema *subschema) {
            properties.named.emplace(std::string(name.data(), name.size()), subschema);
            return true;
        });
        constraint.applyToPatternProperties([&](const auto &text, const Subschema *subschema) {
            properties.patterns.emplace_back(&pattern(std::string(text.data(), text.size())), subschema);
            return true;
        });
        properties.additional = constraint.getAdditionalPropertiesSubschema();
        return properties;
    }

private:
    /// Keywords valijson would act upon, or stumble over, and draft 4 does not know or we do not use.
    static bool is_ignored(std::string_view keyword) {
        static constexpr std::string_view ignored[] = {
            "$schema", "const", "contains", "default",       "description", "else", "examples",
            "format",  "id",    "if",       "propertyNames", "then",        "title"};
        return std::ranges::find(ignored, keyword) != std::end(ignored);
    }

    /// The schema without what draft 4 ignores; its regular expressions are compiled on the way.
    Json clean(const Json &schema) {
        if (!schema.is_object()) return schema;
        Json cleaned = Json::object();
        const bool is_reference = find_member(schema, "$ref") != nullptr;
        for (const auto &[keyword, value] : schema.get_ref<const Json::object_t &>()) {
            if (is_reference && keyword != "$ref" && keyword != "definitions") continue;
            if (is_ignored(keyword)) continue;
            append_member(cleaned, keyword, clean_keyword(keyword, value));
        }
        return cleaned;
    }

    Json clean_keyword(const std::string &keyword, const Json &value) {
        if (keyword == "pattern" && value.is_string()) pattern(value.get<std::string>());
        if (keyword == "properties" || keyword == "patternProperties" || keyword == "definitions" ||
            keyword == "dependencies") {
            if (!value.is_object()) return value;
            Json cleaned = Json::object();
            for (const auto &[name, subschema] : value.get_ref<const Json::object_t &>()) {
                if (keyword == "patternProperties") pattern(name);
                append_member(cleaned, name, clean(subschema));
            }
            return cleaned;
        }
        if (keyword == "allOf" || keyword == "anyOf" || keyword == "oneOf" ||
            (keyword == "items" && value.is_array())) {
            if (!value.is_array()) return value;
            Json cleaned = Json::array();
            for (const Json &subschema : value) cleaned.push_back(clean(subschema));
            return cleaned;
        }
        if (keyword == "items" || keyword == "additionalItems" || keyword == "additionalProperties" || keyword == "not")
            return clean(value);
        return value;
    }

    valijson::Schema schema_;
    std::unordered_map<std::string, Pattern> patterns_;
    std::unordered_map<const constraints::PropertiesConstraint *, Properties> properties_;
};

}  // namespace osb::manifest
