#include "app/serve/hardening.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/fs.h"

/* ---- the user ---- */

enum err hardening_drop(const char *user)
{
	const struct passwd *pw;

	if (user[0] == '\0' || geteuid() != 0)
		return ERR_OK;
	pw = getpwnam(user);
	if (pw == NULL)
		return ERR_NOT_FOUND;
	if (setgroups(0, NULL) != 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
		return ERR_IO;
	/* changing ids makes a process dumpable again */
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || setuid(0) == 0)
		return ERR_IO;
	return ERR_OK;
}

enum err hardening_private(const char *path, const char *user)
{
	const struct passwd *pw = user[0] == '\0' ? NULL : getpwnam(user);
	struct stat st;

	if (lstat(path, &st) != 0)
		return fs_error(errno);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
		return ERR_REFUSED;
	if (st.st_uid == 0 || st.st_uid == geteuid() ||
	    (pw != NULL && st.st_uid == pw->pw_uid))
		return ERR_OK;
	return ERR_REFUSED;
}

/* ---- seccomp: a list of calls that fail ---- */

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000U
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#define ARCH 0U
#endif

/* A sanitizer looks for leaks by tracing its own process at the end. */
#if defined(__SANITIZE_ADDRESS__)
#define TRACED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRACED 1
#endif
#endif

/* Nothing in the service runs programs, traces, loads code or remakes the
 * machine. */
static const int never[] = {
#ifndef TRACED
	SYS_ptrace, SYS_process_vm_readv,
#endif
	SYS_execve, SYS_execveat, SYS_process_vm_writev, SYS_kexec_load, SYS_init_module,
	SYS_finit_module, SYS_delete_module, SYS_bpf, SYS_perf_event_open,
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns,
	SYS_unshare, SYS_swapon, SYS_swapoff, SYS_reboot, SYS_keyctl,
	SYS_add_key, SYS_request_key, SYS_userfaultfd, SYS_acct, SYS_quotactl,
	SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_personality,
	SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_io_uring_setup,
	SYS_kcmp, SYS_pidfd_getfd, SYS_process_madvise, SYS_kexec_file_load,
	SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount,
	SYS_fspick, SYS_mount_setattr,
};

/* And a thread that parses bytes from the network neither names a file nor
 * calls anyone. */
static const int never_net[] = {
	SYS_openat, SYS_openat2, SYS_unlinkat, SYS_renameat2, SYS_linkat,
	SYS_symlinkat, SYS_mkdirat, SYS_mknodat, SYS_fchmodat, SYS_fchownat,
	SYS_truncate, SYS_ftruncate, SYS_connect, SYS_bind, SYS_socket,
	SYS_kill, SYS_tkill, SYS_setrlimit, SYS_prlimit64, SYS_pidfd_open,
	SYS_pidfd_send_signal, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
	SYS_memfd_create,
#if defined(__x86_64__)
	SYS_open, SYS_creat, SYS_unlink, SYS_rename, SYS_renameat, SYS_link,
	SYS_symlink, SYS_mkdir, SYS_rmdir, SYS_mknod, SYS_chmod, SYS_chown,
	SYS_lchown, SYS_fork, SYS_vfork,
#endif
};

#define PROGRAM_MAX 128

static size_t put_list(struct sock_filter *at, size_t len, const int *calls,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		at[len++] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], 0, 1);
		at[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		    SECCOMP_RET_ERRNO | EPERM);
	}
	return len;
}

static const char *refuse_calls(const int *calls, size_t count)
{
	struct sock_filter program[PROGRAM_MAX];
	struct sock_fprog prog = {.filter = program};
	size_t len = 0;

	MUST_HOLD(2 * count + 8 < PROGRAM_MAX);
	if (ARCH == 0U)
		return "absent";
	program[len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, arch));
	program[len++] = (struct sock_filter)BPF_JUMP(
	    BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	program[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_KILL_PROCESS);
	program[len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, nr));
#ifdef X32_BIT
	program[len++] = (struct sock_filter)BPF_JUMP(
	    BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	program[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_KILL_PROCESS);
#endif
	len = put_list(program, len, calls, count);
	program[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ALLOW);
	prog.len = (unsigned short)len;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) != 0)
		return "absent";
	return "on";
}

/* ---- Landlock: the files that stay ---- */

#define LANDLOCK_READ \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | \
	LANDLOCK_ACCESS_FS_READ_DIR)
#define LANDLOCK_ALL \
	(LANDLOCK_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
	LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
	LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)
#define LANDLOCK_OF_FILES \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	LANDLOCK_ACCESS_FS_EXECUTE)
#define LANDLOCK_ABI_NEEDED 2           /* moves between folders (REFER) */

static int is_folder(const char *path)
{
	CLEANUP(fs_fd_cleanup) int fd = open(path,
	    O_PATH | O_CLOEXEC | O_DIRECTORY);

	return fd >= 0;
}

/* A path that is not there is no path to anything. */
static int allow(int rules, const char *path, uint64_t access)
{
	CLEANUP(fs_fd_cleanup) int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr attr = {
		.allowed_access = is_folder(path) ? access :
		    access & LANDLOCK_OF_FILES, .parent_fd = fd};

	if (fd < 0)
		return errno == ENOENT;
	return syscall(SYS_landlock_add_rule, rules,
	    LANDLOCK_RULE_PATH_BENEATH, &attr, 0) == 0;
}

static const char *keep_files(const struct hardening_paths *paths)
{
	const struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ALL};
	CLEANUP(fs_fd_cleanup) int rules = -1;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < LANDLOCK_ABI_NEEDED)
		return "absent";
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr,
	    sizeof(attr), 0);
	if (rules < 0)
		return "absent";
	for (size_t i = 0; i < paths->write_len; i++)
		if (!allow(rules, paths->write[i], LANDLOCK_ALL))
			return "absent";
	for (size_t i = 0; i < paths->read_len; i++)
		if (!allow(rules, paths->read[i], LANDLOCK_READ))
			return "absent";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		return "absent";
	return "on";
}

/* ---- both ---- */

void hardening_process(const struct hardening_paths *paths,
    struct hardening_report *ret)
{
	ret->landlock = keep_files(paths);
	ret->seccomp = refuse_calls(never, ARRAY_LEN(never));
}

void hardening_net_thread(struct hardening_report *ret)
{
	ret->landlock = keep_files(&(struct hardening_paths){0});
	ret->seccomp = refuse_calls(never_net, ARRAY_LEN(never_net));
}
