// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <utility>

#include <valijson/internal/adapter.hpp>
#include <valijson/internal/basic_adapter.hpp>
#include <valijson/internal/frozen_value.hpp>

#include "lib/base/json.hpp"

/// osb's Json as valijson reads it. Only for schema_validator.cpp: including valijson is dear.
namespace osb::manifest::schema_adapter {

class Adapter;

/// A value of an `enum`; it can be had back.
class Frozen : public valijson::adapters::FrozenValue {
public:
    explicit Frozen(const Json &value) : value_(value) {}
    FrozenValue *clone() const override { return new Frozen(value_); }
    bool equalTo(const valijson::adapters::Adapter &other, bool strict) const override;
    const Json &value() const { return value_; }

private:
    Json value_;
};

/// An iterator over a Json container that hands out Adapters; `Place` says how to read one place.
template <typename Iterator, typename Value, Value (*read)(const Iterator &)>
class ConstIterator {
public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using pointer = Value *;
    using reference = Value &;

    explicit ConstIterator(Iterator at) : at_(at) {}
    Value operator*() const { return read(at_); }
    valijson::adapters::DerefProxy<Value> operator->() const { return valijson::adapters::DerefProxy<Value>(**this); }
    bool operator==(const ConstIterator &other) const { return at_ == other.at_; }
    bool operator!=(const ConstIterator &other) const { return at_ != other.at_; }
    ConstIterator &operator++() {
        ++at_;
        return *this;
    }
    ConstIterator operator++(int) {
        ConstIterator before = *this;
        ++at_;
        return before;
    }
    ConstIterator &operator--() {
        --at_;
        return *this;
    }
    void advance(std::ptrdiff_t n) { at_ += n; }

private:
    Iterator at_;
};

using Member = std::pair<std::string, Adapter>;
Adapter read_element(const Json::array_t::const_iterator &at);
Member read_member(const Json::object_t::const_iterator &at);

class Array {
public:
    using const_iterator = ConstIterator<Json::array_t::const_iterator, Adapter, read_element>;
    using iterator = const_iterator;
    Array() : array_(&empty()) {}
    explicit Array(const Json::array_t &array) : array_(&array) {}
    const_iterator begin() const { return const_iterator(array_->begin()); }
    const_iterator end() const { return const_iterator(array_->end()); }
    size_t size() const { return array_->size(); }

private:
    static const Json::array_t &empty() {
        static const Json::array_t none;
        return none;
    }
    const Json::array_t *array_;
};

class Object {
public:
    using const_iterator = ConstIterator<Json::object_t::const_iterator, Member, read_member>;
    using iterator = const_iterator;
    Object() : object_(&empty()) {}
    explicit Object(const Json::object_t &object) : object_(&object) {}
    const_iterator begin() const { return const_iterator(object_->begin()); }
    const_iterator end() const { return const_iterator(object_->end()); }
    const_iterator find(const std::string &name) const { return const_iterator(object_->find(name)); }
    size_t size() const { return object_->size(); }

private:
    static const Json::object_t &empty() {
        static const Json::object_t none;
        return none;
    }
    const Json::object_t *object_;
};

class Value {
public:
    Value() : value_(&empty()) {}
    explicit Value(const Json &value) : value_(&value) {}

    valijson::adapters::FrozenValue *freeze() const { return new Frozen(*value_); }
    opt::optional<Array> getArrayOptional() const {
        if (!isArray()) return {};
        return Array(value_->get_ref<const Json::array_t &>());
    }
    opt::optional<Object> getObjectOptional() const {
        if (!isObject()) return {};
        return Object(value_->get_ref<const Json::object_t &>());
    }
    bool getArraySize(size_t &size) const { return isArray() && (size = value_->size(), true); }
    bool getObjectSize(size_t &size) const { return isObject() && (size = value_->size(), true); }
    bool getBool(bool &result) const { return isBool() && (result = value_->get<bool>(), true); }
    bool getDouble(double &result) const {
        if (!isDouble()) return false;
        result =
            is_big_integer(*value_) ? std::strtod(big_integer_digits(*value_).c_str(), nullptr) : value_->get<double>();
        return true;
    }
    bool getInteger(std::int64_t &result) const { return isInteger() && (result = value_->get<std::int64_t>(), true); }
    bool getString(std::string &result) const { return isString() && (result = value_->get<std::string>(), true); }
    static bool hasStrictTypes() { return true; }
    bool isArray() const { return value_->is_array(); }
    bool isBool() const { return value_->is_boolean(); }
    // What valijson's 64 signed bits cannot hold is taken as a double; it only keeps limits as numbers.
    bool isDouble() const { return isNumber() && !isInteger(); }
    bool isInteger() const {
        return value_->is_number_integer() &&
               !(value_->is_number_unsigned() && value_->get<std::uint64_t>() > INT64_MAX);
    }
    bool isNull() const { return value_->is_null(); }
    bool isNumber() const { return value_->is_number() || is_big_integer(*value_); }
    bool isObject() const { return value_->is_object(); }
    bool isString() const { return value_->is_string(); }

private:
    static const Json &empty() {
        static const Json none = Json::object();
        return none;
    }
    const Json *value_;
};

class Adapter : public valijson::adapters::BasicAdapter<Adapter, Array, Member, Object, Value> {
public:
    Adapter() = default;
    explicit Adapter(const Json &value) : BasicAdapter(Value(value)) {}
};

inline Adapter read_element(const Json::array_t::const_iterator &at) {
    return Adapter(*at);
}
inline Member read_member(const Json::object_t::const_iterator &at) {
    return {at->first, Adapter(at->second)};
}

inline bool Frozen::equalTo(const valijson::adapters::Adapter &other, bool strict) const {
    return Adapter(value_).equalTo(other, strict);
}

}  // namespace osb::manifest::schema_adapter

template <>
struct valijson::adapters::AdapterTraits<osb::manifest::schema_adapter::Adapter> {
    using DocumentType = osb::Json;
    static std::string adapterName() { return "osb::Json"; }
};
