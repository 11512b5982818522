/* tests/preload/clock.c - another day, for LD_PRELOAD.
 *
 * CLOCK_AT: the wall clock stands still at this second since 1970.
 * CLOCK_SHIFT: a file of eight bytes, the seconds (int64, the machine's order)
 * the wall clock is ahead; it may be changed at any time.
 * The monotonic clock is as it is, so that what waits for it goes on.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t at;
static const _Atomic int64_t *shift;

/* Before the program shuts itself in. */
__attribute__((constructor)) static void
begin(void)
{
	const char *given = getenv("CLOCK_AT");
	const char *path = getenv("CLOCK_SHIFT");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *map;

	if (given != NULL)
		at = strtoll(given, NULL, 10);
	if (path == NULL)
		return;
	map = fd < 0 ? MAP_FAILED :
	    mmap(NULL, sizeof(*shift), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		abort();
	shift = map;
	(void)close(fd);
}

static int
is_wall(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	if (is_wall(clock) && at != 0) {
		*ts = (struct timespec){.tv_sec = (time_t)at};
		return 0;
	}
	if (syscall(SYS_clock_gettime, clock, ts) != 0)
		return -1;
	if (is_wall(clock) && shift != NULL)
		ts->tv_sec += (time_t)atomic_load(shift);
	return 0;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		return -1;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *ret)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		return -1;
	if (ret != NULL)
		*ret = ts.tv_sec;
	return ts.tv_sec;
}
