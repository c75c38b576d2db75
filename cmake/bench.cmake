# Small programs that bench/*.py drive. Not built by default: `ninja bench_parity_front`.
add_executable(bench_parity_front EXCLUDE_FROM_ALL bench/parity_front.c)
target_link_libraries(bench_parity_front PRIVATE titr_speech)
add_executable(bench_parity_net EXCLUDE_FROM_ALL bench/parity_net.c)
target_link_libraries(bench_parity_net PRIVATE titr_speech)
add_executable(bench_queue EXCLUDE_FROM_ALL bench/queue.c)
target_link_libraries(bench_queue PRIVATE titr_queue)
