# What jobs ask of a scheduler: memory in MB, time in minutes. tests/bench/bench_requests.py sets that beside what was
# used. Small jobs of the same `group` share one of a cluster where one needs the other, or where its profile says so.

LENGTHS = {}  # what seconds_of_clips has read


def at_least(amount, models=None):
    """A resource of a job: so much, and twice as much at each further attempt, which only clusters make.

    `amount` is a number, or a function of the job's input files and its threads; with `models`, a function of the
    wildcards, and of these too.
    """

    def resource(wildcards, input, threads, attempt):
        also = [models(wildcards)] if models else []
        return (amount(input, threads, *also) if callable(amount) else amount) * 2 ** (attempt - 1)

    return resource


def extraction_memory(input, threads):
    """MB for the extraction of a shard: one clip at a time, the longest needs most. Known when the manifest is there."""
    return 400 + round(1.2 * seconds_of_longest_clip(input.manifest))


def extraction_minutes(input, threads):
    """Minutes for the extraction of a shard, in whose first job all features are extracted."""
    longest, total = seconds_of_clips(input.manifest)
    return 5 + round(max(total / SHARDS, longest) / 1800)


def collection_memory(input, threads):
    """MB for a cache: a few clips at a time, as long as the longest."""
    return 300 + round(0.4 * seconds_of_longest_clip(input.manifest))


def collection_minutes(input, threads):
    """Minutes for a cache: it is copied, and so are at most 88 kB for each second of audio."""
    return 5 + round(seconds_of_clips(input.manifest)[1] / 30_000)


def summary_memory(input, threads):
    """MB for the summary of the features: some copies of a batch of clips of the largest, of which 32 are read at a time."""
    largest = max((Path(path).stat().st_size for path in input.caches), default=0)
    return 500 + round(200 * largest / 1e6 / max(1, FILES))


def training_memory(input, threads):
    """MB for a training: the caches once as read and twice while they are joined; known when the caches are there."""
    return 1000 + round(3000 * gigabytes_of_caches(input))


def manifest_memory(input, threads):
    """MB for the manifest: a file in each process, and fingerprints that are compared. Known when the index is there."""
    sizes = {row["path"]: int(row["size"] or 0) for row in file_index.read_listing(input.index)}
    return 500 + round(max(300, memory.of_decoding(sizes)) * threads) + FILES // 15


def network_memory(input, threads, models):
    """MB for one network at a time, a batch of whole clips: it grows with their length, not with their number."""
    longest = seconds_of_longest_clip(input.manifest)  # which reads the number of clips too
    clip_mb = 1000 * gigabytes_of_caches(input) / max(1, LENGTHS["clips"])
    needed = (memory.of_network(entry_of(model), clip_mb, longest) for model in models)
    return round(max(needed, default=memory.LEAST))


def model_of_job(wildcards):
    """The model that a job is for, as the only one."""
    return [wildcards.model]


def training_minutes(input, threads):
    """Minutes for what reads all caches: a training that is not a network's, and the summary of the features."""
    return 10 + round(5 * gigabytes_of_caches(input))


def gigabytes_of_caches(input):
    """Size of the feature caches that a job reads, as often as its clips have degraded copies too."""
    copies = len({Path(path).parent for path in input.get("copies", [])})
    return (1 + copies) * sum(Path(path).stat().st_size for path in input.caches) / 1e9


def seconds_of_longest_clip(manifest):
    """Of a manifest, or what clips are padded to."""
    given = config["audio"]["duration"]
    padded = given["at_least_s"] if isinstance(given, dict) else 0 if given == "longest" else given
    return max(seconds_of_clips(manifest)[0], padded)


def seconds_of_clips(manifest):
    """Of the longest clip of a manifest and of all together; a manifest of features alone has no durations."""
    time = Path(manifest).stat().st_mtime_ns
    if LENGTHS.get("time") != time:
        seconds = [float(row.get("duration_s") or 0) for row in files.read_rows(manifest)]
        LENGTHS.update(time=time, longest=max(seconds, default=0), total=sum(seconds), clips=len(seconds))
    return LENGTHS["longest"], LENGTHS["total"]
