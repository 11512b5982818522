/* Keys of the people of a batch. */
#include <stdlib.h>
#include <string.h>

#include "app/erase.h"
#include "app/ingest_internal.h"
#include "app/step.h"

void ingest_keys_release(struct ingest_keys *k)
{
	free(k->numbers);
	free(k->generations);
	free(k->of_person);
	secret_pool_release(&k->pool);
	*k = (struct ingest_keys){0};
}

static enum err keys_room(struct ingest_keys *k, size_t people)
{
	if (people <= k->cap)
		return ERR_OK;
	ingest_keys_release(k);
	k->numbers = calloc(people, sizeof(*k->numbers));
	k->generations = calloc(people, sizeof(*k->generations));
	k->of_person = calloc(people, sizeof(*k->of_person));
	if (k->numbers == NULL || k->generations == NULL ||
	    k->of_person == NULL)
		return ERR_NOMEM;
	RETURN_IF(secret_pool_init(&k->pool, people * RECORD_KEY_LEN));
	k->cap = people;
	return ERR_OK;
}

/* New people's keys, and the next generation of those who came back. */
static enum err add_keys(struct ingest_keys *k, struct owner *w,
    const struct ingest_people *p)
{
	CLEANUP(act_abort) struct act a = {0};
	size_t revived = 0;

	for (size_t i = 0; i < p->len; i++)
		if (p->items[i].revived) {
			k->numbers[revived] = p->items[i].number;
			k->generations[revived++] = p->items[i].generation;
		}
	if (p->fresh_count == 0 && revived == 0)
		return ERR_OK;
	RETURN_IF(act_data_begin(w->home, erase_db(w->erase), &a));
	if (p->fresh_count > 0)
		RETURN_IF(erase_add_range(w->erase, p->fresh_first,
		    p->fresh_count));
	if (revived > 0)
		RETURN_IF(erase_add(w->erase, k->numbers, k->generations,
		    revived));
	RETURN_IF(act_data_commit(&a));
	step_reached(STEP_INGEST_KEYS);
	return ERR_OK;
}

/* Which persons need a key, in order of number, so that neighbours in
 * erase.db are read together. */
struct by_number {
	uint32_t number, person;
};

static int compare_numbers(const void *a, const void *b)
{
	const struct by_number *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static void free_order(struct by_number **o)
{
	free(*o);
}

static enum err sort_people(struct ingest_keys *k,
    const struct ingest_people *p)
{
	CLEANUP(free_order) struct by_number *order =
	    calloc(p->len + 1, sizeof(*order));

	if (order == NULL)
		return ERR_NOMEM;
	k->len = 0;
	for (size_t i = 0; i < p->len; i++)
		if (p->items[i].sealed_to)
			order[k->len++] = (struct by_number){
				p->items[i].number, (uint32_t)i};
	qsort(order, k->len, sizeof(*order), compare_numbers);
	for (size_t i = 0; i < k->len; i++) {
		k->numbers[i] = order[i].number;
		k->of_person[order[i].person] = (uint32_t)i;
	}
	return ERR_OK;
}

/* A living respondent without the right key is a fault, never skipped; unless
 * they were erased since they were looked up. */
static enum err check_generations(const struct ingest_keys *k,
    struct owner *w, const struct ingest_people *p)
{
	uint32_t version;
	size_t i = 0;

	while (i < p->len && (!p->items[i].sealed_to ||
	    p->items[i].generation == k->generations[k->of_person[i]]))
		i++;
	if (i == p->len)
		return ERR_OK;
	RETURN_IF(db_data_version(store_db(w->store), &version));
	return version == p->data_version ? ERR_CORRUPT : ERR_CHANGED;
}

/* Nobody is erased meanwhile.  A run may take hours: the store may be under
 * another key than when it began. */
enum err ingest_keys_load(struct ingest_keys *k, struct owner *w,
    const struct ingest_people *p)
{
	CLEANUP(fs_lock_release) struct fs_lock lock = {0};

	RETURN_IF(erase_lock_share(w->home, w->code, &lock));
	RETURN_IF(home_owner_renew(w));
	RETURN_IF(keys_room(k, p->len + 1));
	RETURN_IF(add_keys(k, w, p));
	RETURN_IF(sort_people(k, p));
	RETURN_IF(erase_get(w->erase, k->numbers, k->len, k->pool.data,
	    k->generations));
	return check_generations(k, w, p);
}
