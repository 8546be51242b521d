// ilkimza_bench_cpu_of COMMAND...: runs it, waits until everything is gone that came of
// it, orphans as well, and prints the CPU seconds of all, user and kernel, as a last line.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

int main(int argc, char** argv) {
  // Orphans become our children, so that their time is ours to count.
  if (argc < 2 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return 64;
  const pid_t command = fork();
  if (command == 0) {
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  int result = 1;
  while (true) {
    int status = 0;
    const pid_t gone = wait(&status);
    if (gone < 0 && errno == EINTR) continue;
    if (gone < 0) break;
    if (gone == command) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  std::printf("%ld.%06ld\n",
              usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
                  (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000000,
              (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) % 1000000);
  return result;
}
