/*
 * Makes the module safe to unload although threads that Asterisk started have
 * run Rust code.
 *
 * Rust's standard library registers destructors for thread-local values on
 * whichever thread first uses them: by __cxa_thread_atexit_impl(), which pins
 * the shared object until that thread ends, or by pthread_key_create(), whose
 * destructor would be called after the object is gone. The linker sends both
 * here (--wrap). Destructors are kept in a list of our own behind one pthread
 * key, and all keys are deleted when the object is unloaded.
 *
 * What a thread that outlives the module left in its thread-local values is
 * not dropped: a few bytes for each such thread.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* The standard library makes one or two keys; more than this is a mistake. */
#define KEYS_MAX 32
/* How long unloading waits for a thread that is just running destructors. */
#define DRAIN_WAIT_MS 1000

int __real_pthread_key_create(pthread_key_t *key, void (*destructor)(void *));
int __wrap_pthread_key_create(pthread_key_t *key, void (*destructor)(void *));
int __wrap___cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *dso);

struct entry {
	void (*destructor)(void *);
	void *object;
	struct entry *next;
};

/* The destructors of one thread, newest first. */
struct thread_list {
	struct entry *first;
	struct thread_list *next;
	struct thread_list **link;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t keys[KEYS_MAX];
static unsigned int key_count;
static pthread_key_t list_key;
static int list_key_made;
static struct thread_list *lists;
static int draining;

static void unlink_list(struct thread_list *list)
{
	*list->link = list->next;
	if (list->next) {
		list->next->link = list->link;
	}
}

/* A destructor may register another one: run until the list stays empty. */
static void run_list(void *data)
{
	struct thread_list *list = data;
	struct entry *entry;

	pthread_mutex_lock(&lock);
	draining++;
	pthread_mutex_unlock(&lock);
	while ((entry = list->first)) {
		list->first = entry->next;
		entry->destructor(entry->object);
		free(entry);
	}
	pthread_mutex_lock(&lock);
	unlink_list(list);
	free(list);
	draining--;
	pthread_mutex_unlock(&lock);
}

int __wrap_pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	int res = EAGAIN;

	pthread_mutex_lock(&lock);
	if (key_count < KEYS_MAX) {
		res = __real_pthread_key_create(key, destructor);
		if (!res) {
			keys[key_count++] = *key;
		}
	}
	pthread_mutex_unlock(&lock);
	return res;
}

static struct thread_list *current_list(void)
{
	struct thread_list *list = NULL;

	pthread_mutex_lock(&lock);
	if (!list_key_made) {
		list_key_made = !__real_pthread_key_create(&list_key, run_list);
	}
	if (list_key_made && !(list = pthread_getspecific(list_key))
		&& (list = calloc(1, sizeof(*list)))) {
		if (pthread_setspecific(list_key, list)) {
			free(list);
			list = NULL;
		} else {
			list->next = lists;
			list->link = &lists;
			if (lists) {
				lists->link = &list->next;
			}
			lists = list;
		}
	}
	pthread_mutex_unlock(&lock);
	return list;
}

int __wrap___cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *dso)
{
	struct thread_list *list = current_list();
	struct entry *entry = list ? malloc(sizeof(*entry)) : NULL;

	(void) dso;
	if (!entry) {
		return -1;
	}
	entry->destructor = destructor;
	entry->object = object;
	entry->next = list->first;
	list->first = entry;
	return 0;
}

static void free_lists(void)
{
	struct thread_list *list;
	struct entry *entry;

	while ((list = lists)) {
		lists = list->next;
		while ((entry = list->first)) {
			list->first = entry->next;
			free(entry);
		}
		free(list);
	}
}

/* Priority 101: after every other destructor of this object. */
static void __attribute__((destructor(101))) forget_threads(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int waited_ms;

	pthread_mutex_lock(&lock);
	while (key_count) {
		pthread_key_delete(keys[--key_count]);
	}
	if (list_key_made) {
		pthread_key_delete(list_key);
		list_key_made = 0;
	}
	for (waited_ms = 0; draining && waited_ms < DRAIN_WAIT_MS; waited_ms++) {
		pthread_mutex_unlock(&lock);
		nanosleep(&pause, NULL);
		pthread_mutex_lock(&lock);
	}
	if (!draining) {
		free_lists();
	}
	pthread_mutex_unlock(&lock);
}
