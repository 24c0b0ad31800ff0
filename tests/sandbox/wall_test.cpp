// SPDX-License-Identifier: Apache-2.0
// What keeps a stage inside.
#include <gmock/gmock.h>

#include "lib/base/fd.hpp"
#include "lib/base/json.hpp"
#include "lib/sandbox/capabilities.hpp"
#include "lib/sandbox/seccomp.hpp"
#include "tests/sandbox/support.hpp"

namespace osb::sandbox::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Wall : public SandboxTest {
protected:
    /// The five sets of /proc/self/status.
    static std::string five(CapabilitySet set) {
        const std::string hex = fmt_hex(set);
        return "CapInh:\t" + hex + "\nCapPrm:\t" + hex + "\nCapEff:\t" + hex + "\nCapBnd:\t" + hex + "\nCapAmb:\t" +
               hex + "\n";
    }
    static std::string fmt_hex(CapabilitySet set) { return format("{:016x}", set); }
};

TEST_F(Wall, HoldsTheContractsCapabilitiesThatOsbHolds) {
    EXPECT_THAT(output_of(probe({"cat", "/proc/self/status"})),
                HasSubstr(five(capability_set(default_capabilities()) & sandbox().host().capabilities)));
}

TEST_F(Wall, HoldsNoMoreThanAskedFor) {
    Spec spec = probe({"cat", "/proc/self/status"});
    spec.capabilities = {"CAP_CHOWN", "CAP_FOWNER"};
    EXPECT_THAT(output_of(spec), HasSubstr(five(0b1001)));
    spec.capabilities = {};
    EXPECT_THAT(output_of(spec), HasSubstr(five(0)));
}

TEST_F(Wall, LeavesOutWhatOsbOrTheKernelDoesNotHave) {
    Spec spec = probe({"cat", "/proc/self/status"});
    spec.capabilities = {"CAP_CHOWN", "CAP_NO_SUCH_THING"};
    EXPECT_THAT(output_of(spec), HasSubstr(five(1)));
    output_of(spec);
    EXPECT_THAT(told_at_v(), ElementsAre("osb itself lacks CAP_NO_SUCH_THING: stages run without")) << "once";
    EXPECT_THAT(missing_capabilities(spec.capabilities, ~CapabilitySet{0}), ElementsAre("CAP_NO_SUCH_THING"));
    EXPECT_THAT(missing_capabilities({"CAP_CHOWN", "CAP_FSETID"}, 1), ElementsAre("CAP_FSETID"));
    EXPECT_THAT(held_capabilities({"CAP_FSETID", "CAP_CHOWN", "CAP_KILL"}, 0b10001),
                ElementsAre("CAP_CHOWN", "CAP_FSETID"));
}

TEST_F(Wall, GivesNoNewPrivilegesAndFilters) {
    EXPECT_THAT(output_of(probe({"cat", "/proc/self/status"})),
                AllOf(HasSubstr("NoNewPrivs:\t1\n"), HasSubstr("Seccomp:\t2\n")));
}

TEST_F(Wall, AnswersSystemCallsAsTheProfileSays) {
    std::string expected =
        "keyctl EPERM\nadd_key EPERM\nbpf EPERM\nkexec_load EPERM\nfinit_module EPERM\nreboot EPERM\n"
        "clock_settime EPERM\nio_uring_setup EPERM\nuserfaultfd EPERM\nopen_by_handle_at EPERM\nptrace EPERM\n"
        "fsync ok\nfsync of nothing ok\nfdatasync ok\nsyncfs ok\nmount ok\n";
#if defined __x86_64__
    expected += "i386 getpid ok\ni386 keyctl EPERM\n";
#endif
    EXPECT_EQ(output_of(probe({"calls"})), expected);
}

TEST_F(Wall, HasNoNetwork) {
    const std::string text = output_of(probe({"connect", "cat", "/proc/net/dev"}));
    EXPECT_THAT(text, HasSubstr("connect ENETUNREACH\n"));
    const auto devices = lines(text);
    ASSERT_EQ(devices.size(), 4U) << "two lines of heading and the loopback\n" << text;
    EXPECT_THAT(devices[3], HasSubstr("lo:"));
}

TEST_F(Wall, HasNamespacesOfItsOwn) {
    Spec spec = probe({"ls", "/proc"}, HostUsr{});
    spec.argv = {"/bin/sh", "-c", "for n in pid mnt ipc uts net; do readlink /proc/self/ns/$n; done"};
    const auto inside = lines(output_of(spec));
    std::vector<std::string> outside;
    for (const char *name : {"pid", "mnt", "ipc", "uts", "net"})
        outside.push_back(std::filesystem::read_symlink(std::filesystem::path("/proc/self/ns") / name));
    ASSERT_EQ(inside.size(), outside.size());
    for (size_t i = 0; i < inside.size(); i++) EXPECT_NE(inside[i], outside[i]);
}

TEST_F(Wall, SeesItsOwnProcessesOnlyAndNotOsbInits) {
    EXPECT_EQ(output_of(probe({"open", "/proc/1/fd/5", "open", "/proc/1/mem", "ls", "/proc/1/root", "open",
                               "/proc/sys/kernel/hostname", "ls", "/sys/firmware"})),
              "open /proc/1/fd/5 EACCES\nopen /proc/1/mem EACCES\nEACCES\nopen /proc/sys/kernel/hostname EROFS\n");
    std::vector<std::string> processes;
    for (const std::string &name : lines(output_of(probe({"ls", "/proc"}))))
        if (name.find_first_not_of("0123456789") == std::string::npos) processes.push_back(name);
    EXPECT_EQ(processes.size(), 2U) << ::testing::PrintToString(processes);
}

TEST(SeccompProfile, IsWhatWeReviewed) {
    constexpr JsonStyle readable{
        .keys = JsonStyle::Keys::as_they_are, .spaces = JsonStyle::Spaces::python, .indent = 2};
    for (const char *machine : {"x86_64", "aarch64"})
        osb::test::expect_golden(format("sandbox/seccomp-{}.json", machine),
                                 to_text(seccomp_profile(machine, Tracing::denied), readable) + "\n");
}

TEST(SeccompProfile, LetsTracersTrace) {
    const std::string text = to_canonical(seccomp_profile("x86_64", Tracing::allowed));
    EXPECT_THAT(text, ::testing::Not(HasSubstr("\"ptrace\"")));
    EXPECT_THAT(text, HasSubstr("\"keyctl\""));
}

TEST(SeccompProfile, SaysWhichMachineItDoesNotKnow) {
    EXPECT_EQ(osb::test::error_of([] { seccomp_profile("pdp11", Tracing::denied); }),
              "no seccomp profile is known for machine pdp11");
}

}  // namespace
}  // namespace osb::sandbox::test
