// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/schema_validator.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "lib/manifest/compiled_schema.hpp"
#include "lib/manifest/json_values.hpp"

namespace osb::manifest {
namespace {

bool has_type(const Json &value, constraints::TypeConstraint::JsonType type) {
    using Type = constraints::TypeConstraint;
    switch (type) {
        case Type::kAny:
            return true;
        case Type::kArray:
            return value.is_array();
        case Type::kBoolean:
            return value.is_boolean();
        case Type::kInteger:
            return value.is_number_integer() || is_big_integer(value);
        case Type::kNull:
            return value.is_null();
        case Type::kNumber:
            return is_number(value);
        case Type::kObject:
            return value.is_object();
        case Type::kString:
            return value.is_string();
    }
    return false;
}

const char *name_of(constraints::TypeConstraint::JsonType type) {
    static constexpr const char *names[] = {"any", "array", "boolean", "integer", "null", "number", "object", "string"};
    return names[type];
}

/// Where the value under examination lies: a chain down the stack, made into a path when there is something to tell.
struct Place {
    const Place *above;
    const std::string *name;  ///< nullptr: an array position
    size_t position;
};

void append_path(JsonPath &path, const Place *place) {
    if (place == nullptr) return;
    append_path(path, place->above);
    if (place->name != nullptr)
        path.emplace_back(*place->name);
    else
        path.emplace_back(place->position);
}

std::string list_of(const std::vector<std::string> &words) {
    std::string list;
    for (const std::string &word : words) list += (list.empty() ? "" : ", ") + word;
    return list;
}

}  // namespace

/// Visits a value's constraints. With a list it goes on after a problem and tells all; without it stops at the first.
class SchemaValidator::Checker final : public constraints::ConstraintVisitor {
public:
    Checker(CompiledSchema &compiled, const JsonPath &start, std::vector<Problem> *problems)
        : compiled_(compiled), start_(start), problems_(problems) {}

    bool check(const Subschema &subschema, const Json &value, const Place *place) {
        if (compiled_.is_empty(&subschema)) return true;
        const Json *const outer_value = std::exchange(value_, &value);
        const Place *const outer_place = std::exchange(place_, place);
        const bool good = problems_ != nullptr ? subschema.apply(accept_) : subschema.applyStrict(accept_);
        value_ = outer_value;
        place_ = outer_place;
        return good;
    }

private:
    /// Whether the value is good under the subschema, telling nobody.
    bool would_pass(const Subschema *subschema) {
        std::vector<Problem> *const listener = std::exchange(problems_, nullptr);
        const bool good = check(*subschema, *value_, place_);
        problems_ = listener;
        return good;
    }

    /// Tells the problem if somebody listens; the sentence is made only then, because quiet checks fail all the time.
    template <typename Sentence>
    bool wrong(const Sentence &sentence) {
        if (problems_ == nullptr) return false;
        JsonPath path = start_;
        append_path(path, place_);
        problems_->push_back({sentence(), std::move(path)});
        return false;
    }

    bool goes_on(bool good) const { return good || problems_ != nullptr; }

    template <typename Constraint>
    std::pair<size_t, size_t> count_passing(const Constraint &constraint) {
        size_t passing = 0;
        size_t all = 0;
        constraint.applyToSubschemas([&](unsigned, const Subschema *subschema) {
            all++;
            if (would_pass(subschema)) passing++;
            return true;
        });
        return {passing, all};
    }

    bool visit(const AllOfConstraint &constraint) override {
        bool good = true;
        constraint.applyToSubschemas([&](unsigned, const Subschema *subschema) {
            good = check(*subschema, *value_, place_) && good;
            return goes_on(good);
        });
        return good;
    }

    bool visit(const AnyOfConstraint &constraint) override {
        bool good = false;
        constraint.applyToSubschemas([&](unsigned, const Subschema *subschema) {
            good = would_pass(subschema);
            return !good;
        });
        return good ||
               wrong([&] { return format("{} is not valid under any of the given schemas", to_words(*value_)); });
    }

    bool visit(const OneOfConstraint &constraint) override {
        const auto [passing, all] = count_passing(constraint);
        if (passing == 1) return true;
        if (passing == 0)
            return wrong([&] { return format("{} is not valid under any of the given schemas", to_words(*value_)); });
        return wrong([&] {
            return format("{} is valid under {} of the given schemas, where it must be under exactly one",
                          to_words(*value_), passing);
        });
    }

    bool visit(const NotConstraint &constraint) override {
        return !would_pass(constraint.getSubschema()) ||
               wrong([&] { return format("{} is just what is not allowed here", to_words(*value_)); });
    }

    bool visit(const TypeConstraint &constraint) override {
        std::vector<std::string> names;
        bool good = false;
        constraint.applyToNamedTypes([&](TypeConstraint::JsonType type) {
            good = has_type(*value_, type);
            if (!good && problems_ != nullptr) names.push_back(in_quotes(name_of(type)));
            return !good;
        });
        return good || wrong([&] { return format("{} is not of type {}", to_words(*value_), list_of(names)); });
    }

    bool visit(const EnumConstraint &constraint) override {
        std::vector<std::string> values;
        bool good = false;
        constraint.applyToValues([&](const valijson::adapters::FrozenValue &frozen) {
            const Json &value = static_cast<const schema_adapter::Frozen &>(frozen).value();
            good = is_equal(*value_, value);
            if (!good && problems_ != nullptr) values.push_back(to_words(value));
            return !good;
        });
        return good || wrong([&] { return format("{} is not one of [{}]", to_words(*value_), list_of(values)); });
    }

    bool visit(const PropertiesConstraint &constraint) override {
        if (!value_->is_object()) return true;
        const CompiledSchema::Properties &properties = compiled_.properties(constraint);
        std::vector<const std::string *> strangers;
        bool good = true;
        for (const auto &[name, member] : value_->get_ref<const Json::object_t &>()) {
            const Place place{place_, &name, 0};
            bool is_known = false;
            if (const auto found = properties.named.find(name); found != properties.named.end()) {
                is_known = true;
                good = check(*found->second, member, &place) && good;
            }
            for (const auto &[pattern, subschema] : properties.patterns) {
                if (!pattern->is_in(name)) continue;
                is_known = true;
                good = check(*subschema, member, &place) && good;
            }
            if (!is_known && properties.additional == nullptr)
                strangers.push_back(&name);
            else if (!is_known)
                good = check(*properties.additional, member, &place) && good;
            if (!goes_on(good && strangers.empty())) return false;
        }
        return strangers.empty() ? good : tell_strangers(properties, strangers);
    }

    bool tell_strangers(const CompiledSchema::Properties &properties,
                        const std::vector<const std::string *> &strangers) {
        std::vector<std::string> names;
        for (const std::string *name : strangers) names.push_back(in_quotes(*name));
        std::ranges::sort(names);
        if (properties.patterns.empty())
            return wrong([&] {
                return format("Additional properties are not allowed ({} {} unexpected)", list_of(names),
                              names.size() == 1 ? "was" : "were");
            });
        std::vector<std::string> patterns;
        for (const auto &[pattern, subschema] : properties.patterns) patterns.push_back("'" + pattern->text() + "'");
        return wrong([&] {
            return format("{} {} not match any of the regexes: {}", list_of(names), names.size() == 1 ? "does" : "do",
                          list_of(patterns));
        });
    }

    bool visit(const RequiredConstraint &constraint) override {
        if (!value_->is_object()) return true;
        bool good = true;
        constraint.applyToRequiredProperties([&](const auto &text) {
            const std::string_view name(text.data(), text.size());
            if (find_member(*value_, name) == nullptr)
                good = wrong([&] { return format("{} is a required property", in_quotes(name)); });
            return goes_on(good);
        });
        return good;
    }

    bool visit(const DependenciesConstraint &constraint) override {
        if (!value_->is_object()) return true;
        bool good = true;
        const auto has = [&](const auto &name) { return find_member(*value_, {name.data(), name.size()}) != nullptr; };
        constraint.applyToPropertyDependencies([&](const auto &name, const auto &needed) {
            for (const auto &other : needed)
                if (has(name) && !has(other))
                    good = wrong([&] {
                        return format("{} is needed because {} is there", in_quotes(other.c_str()),
                                      in_quotes(name.c_str()));
                    });
            return goes_on(good);
        });
        constraint.applyToSchemaDependencies([&](const auto &name, const Subschema *subschema) {
            if (has(name)) good = check(*subschema, *value_, place_) && good;
            return goes_on(good);
        });
        return good;
    }

    bool visit(const SingularItemsConstraint &constraint) override {
        if (!value_->is_array()) return true;
        bool good = true;
        size_t position = 0;
        for (const Json &element : *value_) {
            const Place place{place_, nullptr, position++};
            good = check(*constraint.getItemsSubschema(), element, &place) && good;
            if (!goes_on(good)) return false;
        }
        return good;
    }

    bool visit(const LinearItemsConstraint &constraint) override {
        if (!value_->is_array()) return true;
        bool good = true;
        constraint.applyToItemSubschemas([&](unsigned index, const Subschema *subschema) {
            if (index >= value_->size()) return false;
            const Place place{place_, nullptr, index};
            good = check(*subschema, (*value_)[index], &place) && good;
            return goes_on(good);
        });
        std::vector<std::string> strangers;
        for (size_t i = constraint.getItemSubschemaCount(); goes_on(good) && i < value_->size(); i++) {
            const Place place{place_, nullptr, i};
            if (constraint.getAdditionalItemsSubschema() == nullptr)
                strangers.push_back(to_words((*value_)[i]));
            else
                good = check(*constraint.getAdditionalItemsSubschema(), (*value_)[i], &place) && good;
        }
        if (strangers.empty()) return good;
        return wrong([&] {
            return format("Additional items are not allowed ({} {} unexpected)", list_of(strangers),
                          strangers.size() == 1 ? "was" : "were");
        });
    }

    bool visit(const MaximumConstraint &constraint) override {
        if (!is_number(*value_)) return true;
        const double number = number_of(*value_);
        const double limit = constraint.getMaximum();
        if (constraint.getExclusiveMaximum())
            return number < limit ||
                   wrong([&] { return format("{} is not less than {}", to_words(*value_), limit_words(limit)); });
        return number <= limit || wrong([&] {
                   return format("{} is greater than the maximum of {}", to_words(*value_), limit_words(limit));
               });
    }
    bool visit(const MinimumConstraint &constraint) override {
        if (!is_number(*value_)) return true;
        const double number = number_of(*value_);
        const double limit = constraint.getMinimum();
        if (constraint.getExclusiveMinimum())
            return number > limit ||
                   wrong([&] { return format("{} is not greater than {}", to_words(*value_), limit_words(limit)); });
        return number >= limit || wrong([&] {
                   return format("{} is less than the minimum of {}", to_words(*value_), limit_words(limit));
               });
    }
    /// Limits that were integers in the schema look so again.
    static std::string limit_words(double limit) { return format("{}", limit); }

    bool visit(const MultipleOfDoubleConstraint &constraint) override {
        if (!is_number(*value_)) return true;
        const double quotient = number_of(*value_) / constraint.getDivisor();
        return quotient == std::floor(quotient) || wrong([&] {
                   return format("{} is not a multiple of {}", to_words(*value_), limit_words(constraint.getDivisor()));
               });
    }
    bool visit(const MultipleOfIntConstraint &constraint) override {
        if (!is_number(*value_)) return true;
        return std::fmod(number_of(*value_), static_cast<double>(constraint.getDivisor())) == 0 ||
               wrong([&] { return format("{} is not a multiple of {}", to_words(*value_), constraint.getDivisor()); });
    }

    bool visit(const MaxLengthConstraint &constraint) override {
        if (!value_->is_string()) return true;
        return characters_in(value_->get_ref<const std::string &>()) <= constraint.getMaxLength() ||
               wrong([&] { return format("{} is too long", to_words(*value_)); });
    }
    bool visit(const MinLengthConstraint &constraint) override {
        if (!value_->is_string()) return true;
        return characters_in(value_->get_ref<const std::string &>()) >= constraint.getMinLength() ||
               wrong([&] { return format("{} is too short", to_words(*value_)); });
    }
    bool visit(const PatternConstraint &constraint) override {
        if (!value_->is_string()) return true;
        const Pattern &pattern = compiled_.pattern(constraint.getPattern<std::allocator<char>>());
        return pattern.is_in(value_->get_ref<const std::string &>()) ||
               wrong([&] { return format("{} does not match '{}'", to_words(*value_), pattern.text()); });
    }
    bool visit(const MaxItemsConstraint &constraint) override {
        return !value_->is_array() || value_->size() <= constraint.getMaxItems() ||
               wrong([&] { return format("{} is too long", to_words(*value_)); });
    }
    bool visit(const MinItemsConstraint &constraint) override {
        return !value_->is_array() || value_->size() >= constraint.getMinItems() ||
               wrong([&] { return format("{} is too short", to_words(*value_)); });
    }
    bool visit(const UniqueItemsConstraint &) override {
        if (!value_->is_array()) return true;
        std::unordered_multimap<size_t, const Json *> seen;
        for (const Json &element : *value_) {
            const auto [begin, end] = seen.equal_range(hash_of(element));
            for (auto other = begin; other != end; ++other)
                if (is_equal(element, *other->second))
                    return wrong([&] { return format("{} has non-unique elements", to_words(*value_)); });
            seen.emplace(hash_of(element), &element);
        }
        return true;
    }
    bool visit(const MaxPropertiesConstraint &constraint) override {
        return !value_->is_object() || value_->size() <= constraint.getMaxProperties() ||
               wrong([&] { return format("{} has too many properties", to_words(*value_)); });
    }
    bool visit(const MinPropertiesConstraint &constraint) override {
        return !value_->is_object() || value_->size() >= constraint.getMinProperties() ||
               wrong([&] { return format("{} does not have enough properties", to_words(*value_)); });
    }

    // Not in draft 4, or not checked; CompiledSchema lets none of these through.
    bool visit(const ConditionalConstraint &) override { return true; }
    bool visit(const ConstConstraint &) override { return true; }
    bool visit(const ContainsConstraint &) override { return true; }
    bool visit(const FormatConstraint &) override { return true; }
    bool visit(const PolyConstraint &) override { return true; }
    bool visit(const PropertyNamesConstraint &) override { return true; }

    CompiledSchema &compiled_;
    const JsonPath &start_;
    std::vector<Problem> *problems_;
    const Json *value_ = nullptr;
    const Place *place_ = nullptr;
    Subschema::ApplyFunction accept_ = [this](const constraints::Constraint &constraint) {
        return constraint.accept(*this);
    };
};

SchemaValidator::SchemaValidator(const Json &schema) {
    try {
        compiled_ = std::make_unique<CompiledSchema>(schema);
    } catch (const Error &) {
        throw;
    } catch (const std::exception &error) {
        fail(Blame::usage, "not a JSON Schema of draft 4: {}", error.what());
    }
}

SchemaValidator::SchemaValidator(SchemaValidator &&) noexcept = default;
SchemaValidator &SchemaValidator::operator=(SchemaValidator &&) noexcept = default;
SchemaValidator::~SchemaValidator() = default;

std::vector<Problem> SchemaValidator::check(const Json &value, const JsonPath &place) const {
    // First only yes or no: nearly always it is yes.
    if (Checker(*compiled_, place, nullptr).check(compiled_->root(), value, nullptr)) return {};
    std::vector<Problem> problems;
    Checker(*compiled_, place, &problems).check(compiled_->root(), value, nullptr);
    return problems;
}

}  // namespace osb::manifest
