// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"
#include "stages/home_directory.hpp"
#include "stages/user_changes.hpp"

namespace osb::stages {
namespace {

constexpr long long day = 86400;
constexpr std::uint32_t builtin_group = 100;  // Debian's, and Fedora's by its /etc/default/useradd

std::string days_text(long value) {
    return value < 0 ? "" : std::to_string(value);
}

/// Days since 1970 of "", a number, or YYYY-MM-DD.
long long parse_day(const std::string &text) {
    if (text.empty()) return -1;
    if (const auto number = parse_id(text)) return *number;
    int year = 0;
    int month = 0;
    int of_month = 0;
    if (std::sscanf(text.c_str(), "%4d-%2d-%2d", &year, &month, &of_month) != 3)
        fail(Blame::build, "/etc/default/useradd: EXPIRE is '{}', which is no date like 2030-12-31", text);
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(of_month))};
    return std::chrono::sys_days(date).time_since_epoch().count();
}

/// An administrator's hooks would be run by useradd; a native module runs no program of the tree.
void refuse_hooks(const Dir &tree) {
    for (const char *place : {"/etc/shadow-maint/useradd-pre.d", "/etc/shadow-maint/useradd-post.d"}) {
        const TreePath path(place);
        if (tree.status(path, Symlinks::follow) && !tree.open_dir(path).names().empty())
            fail(Blame::build, "{} has scripts, which this module does not run", place);
    }
}

/// login(1)'s records of the number's former user are overwritten with zeroes.
void reset_login_record(const Dir &tree, const char *file, std::uint32_t uid, size_t record) {
    const TreePath path(file);
    const auto status = tree.status(path, Symlinks::follow);
    const off_t place = static_cast<off_t>(uid) * static_cast<off_t>(record);
    if (!status || !S_ISREG(status->st_mode) || status->st_size <= place) return;
    const Fd fd = tree.open_file(path, O_WRONLY | O_NONBLOCK);
    const std::vector<char> zeroes(record);
    check(::pwrite(fd.get(), zeroes.data(), record, static_cast<off_t>(uid) * static_cast<off_t>(record)), "write {}",
          file);
}

void make_mail_spool(const Accounts &accounts, const std::string &name, std::uint32_t uid, std::uint32_t gid) {
    std::optional<std::string> spool = accounts.defs.text("MAIL_DIR");
    if (!spool && !accounts.defs.text("MAIL_FILE")) spool = "/var/mail";
    if (!spool || !accounts.tree.status(TreePath(*spool), Symlinks::follow)) return;
    const Dir directory = accounts.tree.open_dir(TreePath(*spool));
    const Fd fd(::openat(directory.fd().get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0));
    if (!fd) return;  // there already: useradd says so and goes on
    const auto mail = accounts.group.find("mail");
    const auto mail_gid = mail ? parse_id((*mail)[field::group_id]) : std::nullopt;
    check(::fchown(fd.get(), uid, mail_gid.value_or(gid)), "change the owner of {}/{}", *spool, name);
    check(::fchmod(fd.get(), mail_gid ? 0660 : 0600), "change the mode of {}/{}", *spool, name);
}

/// A free range of subordinate numbers, in the first hole that is large enough; added as NAME:START:COUNT.
void add_subordinate(const LoginDefs &defs, AccountFile &file, const std::string &name, const std::string &kind) {
    const long long least = defs.number("SUB_" + kind + "_MIN", 100000);
    const long long most = defs.number("SUB_" + kind + "_MAX", 600100000);
    const long long count = defs.number("SUB_" + kind + "_COUNT", 65536);
    if (count <= 0) return;
    if (least > most || least + count - 1 > most)
        fail(Blame::build, "/etc/login.defs: SUB_{}_COUNT numbers do not fit in the range", kind);
    std::vector<std::pair<long long, long long>> taken;  // first, last
    for (const Fields &record : file.records()) {
        const auto first = parse_id(record[1]);
        const auto size = parse_id(record[2]);
        if (first && size) taken.emplace_back(*first, static_cast<long long>(*first) + *size - 1);
    }
    std::ranges::sort(taken);
    long long low = least;
    for (const auto &[first, last] : taken) {
        if (std::min(first, most + 1) - low >= count) break;
        low = std::max(low, last + 1);
    }
    if (most - low + 1 < count) fail(Blame::build, "no {} subordinate numbers are left for {}", count, name);
    file.add_range({name, std::to_string(low), std::to_string(count)});
}

void require_texts(const UserChange &change) {
    require_field("comment", change.comment.value_or(""));
    require_field("password", change.password.value_or(""));
    const std::string home = change.home.value_or("");
    require_field("home", home);
    if (!home.empty() && !home.starts_with('/')) fail(Blame::build, "the home '{}' does not begin with a slash", home);
    const std::string shell = change.shell.value_or("");
    require_field("shell", shell);
    if (!shell.empty() && !shell.starts_with('/') && !shell.starts_with('*'))
        fail(Blame::build, "the shell '{}' does not begin with a slash", shell);
}

}  // namespace

void add_user(Accounts &accounts, const UserChange &change, EpochSeconds now) {
    require_account_name(change.name);
    require_texts(change);
    refuse_hooks(accounts.tree);
    const auto defaults = UseraddDefaults::read(accounts.tree);
    const LoginDefs &defs = accounts.defs;
    const bool shadowed = accounts.shadow.present();
    const long long expire = change.expire ? *change.expire : parse_day(defaults.expire);
    if (expire < -1) fail(Blame::build, "{} is no day on which an account expires", expire);
    if (change.expire && expire != -1 && !shadowed)
        fail(Blame::build, "an account expires only where there is an /etc/shadow");
    std::vector<std::string> groups;
    for (const std::string &group : split_list(join_list(change.groups)))
        groups.push_back(accounts.find_group(group)[field::name]);
    const bool own_group = !change.gid && defs.flag("USERGROUPS_ENAB");
    if (own_group && accounts.group.find(change.name))
        fail(Blame::build, "the group {} exists already; to be its member, the user needs its number as gid",
             change.name);

    const std::uint32_t uid = change.uid ? *change.uid : accounts.new_uid();
    std::uint32_t gid = builtin_group;
    if (change.gid) {
        gid = *parse_id(accounts.find_group(std::to_string(*change.gid))[field::group_id]);
    } else if (own_group) {
        gid = accounts.new_gid(uid);
        accounts.add_group(change.name, gid, "!");
    } else if (!defaults.group.empty()) {
        try {
            gid = *parse_id(accounts.find_group(defaults.group)[field::group_id]);
        } catch (const Error &) {
            say("/etc/default/useradd: there is no group '" + defaults.group + "'; it is not used");
        }
    }
    // A number that is not set is 0 to useradd at this point, and 0 counts as "in the range".
    const std::uint32_t asked = change.uid.value_or(0);
    const bool regular = asked == 0 || (asked >= static_cast<unsigned long>(defs.number("UID_MIN", 1000)) &&
                                        asked <= static_cast<unsigned long>(defs.number("UID_MAX", 60000)));
    if (regular && accounts.subuid.present()) add_subordinate(defs, accounts.subuid, change.name, "UID");
    if (regular && accounts.subgid.present()) add_subordinate(defs, accounts.subgid, change.name, "GID");

    const bool known = std::ranges::any_of(accounts.passwd.records(),
                                           [&](const Fields &record) { return parse_id(record[field::uid]) == uid; });
    if (!known && defaults.log_init) {
        reset_login_record(accounts.tree, "/var/log/faillog", uid, 32);   // struct faillog and
        reset_login_record(accounts.tree, "/var/log/lastlog", uid, 292);  // struct lastlog of 64-bit machines
    }
    const std::string home = change.home && !change.home->empty() ? *change.home : defaults.home + "/" + change.name;
    const std::string password = change.password.value_or("!");
    accounts.passwd.put({change.name, shadowed ? "x" : password, std::to_string(uid), std::to_string(gid),
                         change.comment.value_or(""), home, change.shell.value_or(defaults.shell)});
    if (shadowed) {
        const long long today = now / day;
        accounts.shadow.put({change.name, password, today == 0 ? "" : std::to_string(today),
                             days_text(defs.number("PASS_MIN_DAYS", -1)), days_text(defs.number("PASS_MAX_DAYS", -1)),
                             days_text(defs.number("PASS_WARN_AGE", -1)), days_text(defaults.inactive),
                             days_text(expire), ""});
    }
    if (!groups.empty()) accounts.set_groups(change.name, groups, Accounts::Others::stay);
    accounts.commit();

    const bool wants_home = change.home ? !change.home->empty() : defs.flag("CREATE_HOME");
    if (wants_home) {
        const auto mode = static_cast<mode_t>(defs.number("HOME_MODE", 0777 & ~defs.number("UMASK", 022)));
        if (!make_home(accounts.tree, {home, uid, gid, mode & 07777}, defaults.skeleton, HomeMaker::useradd))
            say("the home " + home + " is there already and stays as it is");
    }
    if (defaults.mail_spool) make_mail_spool(accounts, change.name, uid, gid);
}

void expire_password(Accounts &accounts, const std::string &name) {
    auto record = accounts.shadow.find(name);
    if (!record) fail(Blame::build, "{} has no record in /etc/shadow, so the password cannot expire", name);
    (*record)[field::last_change] = "0";
    accounts.shadow.put(*record);
    accounts.commit();
}

}  // namespace osb::stages
