using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>One push and pull through a store that several devices share: this database's own changes under its site id, those of all others from theirs. A repeat changes
/// nothing, an interrupted one is completed by the next, and two at once end where one after the other would.</summary>
/// <param name="file">The database.</param>
/// <param name="store">The store.</param>
/// <param name="cancellation">Ends it.</param>
internal sealed class SyncRun(DatabaseFile file, IChunkStore store, CancellationToken cancellation)
{
    /// <summary>Whether the file remembers to have written all that the head of its own stream covers. Then a damaged stream is its own, and it may receive those of others;
    /// otherwise it can be a copy, and what it receives would hide where it differs from the stream.</summary>
    public bool IsWriter { get; private set; }

    /// <summary>Writes what is new here behind what the store has of this site.</summary>
    /// <param name="progress">Gets the progress.</param>
    /// <param name="isCompact">Whether all of it shall be written anew, in one window, and what was there before be removed.</param>
    /// <exception cref="ToolException">The store cannot be used, or this file is not the one that wrote what is there.</exception>
    public async Task<PushResult> PushAsync(IProgress<SyncProgress> progress, bool isCompact = false)
    {
        SiteId site = file.Sync.Site;
        IChunkStore own = store.Folder(site.ToString());
        ExportReader reader = new(own) { RepairCure = "run " + ShellText.Command("chunksync", "chunks", file.Path, "--out", own.Address, "--restart") };
        ExportHead? head = await reader.FindHeadAsync(cancellation);
        ExportHead? accepted = null;
        PushRecord record = new(file);
        long remembered = record.Version;
        IsWriter = head == null || head.Until <= remembered;
        await CheckAsync(head);

        // A window that was begun has what was new then; the next one has the rest.
        List<ExportResult> runs = [await ExportAsync(null)];
        if (runs[0].Resumed)
        {
            runs.Add(await ExportAsync(null));
        }

        // One window already is as short as it gets. With the same size of chunks: who has parts of a long value can use the others.
        if (isCompact && runs[^1].Head is { Before: not null } several)
        {
            runs.Add(await ExportAsync((int)several.ChunkSize));
        }

        ExportHead now = runs[^1].Head;
        long? removed = isCompact ? await new StoreSweep(own).RunAsync(now, cancellation) : null;
        return new PushResult(runs.Sum(run => run.Chunks), runs.Sum(run => run.Rows), runs.Sum(run => run.Bytes), now.Until, removed);

        async Task CheckAsync(ExportHead? found)
        {
            if (found != null && found != accepted)
            {
                await new OwnStream(file, own).CheckAsync(reader, found, remembered, cancellation);
            }

            accepted = found;
        }

        // A copy that syncs at the same time may have written since: what is there now must be its own.
        async Task AcceptAsync(ExportHead? found)
        {
            await CheckAsync(found);
            record.Begin(found?.Until ?? 0, isAnew: isCompact);
        }

        // With the size of chunks of an export that begins anew; null to go on with the one that is there.
        async Task<ExportResult> ExportAsync(int? anew)
        {
            ExportRequest request = new() { WithTotals = file.Context.Progress.IsShown, Restart = anew != null, ChunkSize = anew, Site = site, Accept = AcceptAsync };
            ExportResult run = await new Exporter(file.Sync, own, ChunkSizeSetting.Of(file)).RunAsync(request, progress, cancellation);
            accepted = run.Head;
            return run;
        }
    }

    /// <summary>The other sites whose streams are here: those that the store lists, and those of which something arrived before.</summary>
    public async Task<IReadOnlyList<SiteId>> OthersAsync()
    {
        SiteId own = file.Sync.Site;
        SortedDictionary<string, SiteId> sites = new(StringComparer.Ordinal);
        await foreach (string name in store.ListAsync("", cancellation))
        {
            // Nothing else is a stream; what others keep in the same place is theirs.
            if (name.EndsWith('/') && SiteId.TryParse(name[..^1], null, out SiteId site) && site.ToString() == name[..^1])
            {
                sites[site.ToString()] = site;
            }
        }

        foreach (StreamGap gap in file.Sync.Gaps())
        {
            sites[gap.Sender.ToString()] = gap.Sender;
        }

        sites.Remove(own.ToString());
        return [.. sites.Values];
    }

    /// <summary>Receives what is missing here of a site's stream.</summary>
    /// <param name="site">The site.</param>
    /// <param name="progress">Gets the progress.</param>
    /// <returns>What arrived; null where the store has nothing of it, and nothing of it arrived before.</returns>
    /// <exception cref="ToolException">The stream cannot be read, or a chunk is refused; those before it stay. Behind a chunk that is missing or changed the others were received.</exception>
    public async Task<PullResult?> PullAsync(SiteId site, IProgress<SyncProgress> progress)
    {
        IChunkStore theirs = store.Folder(site.ToString());
        ExportReader reader = new(theirs);
        if (await reader.FindHeadAsync(cancellation) is not ExportHead head)
        {
            // Whose stream nobody has seen may not have written it yet.
            IReadOnlyList<StreamGap> known = file.Sync.Gaps(site);
            return known.Count == 0 ? null : Result(site, default, known) with { Missing = true };
        }

        if (head.Site != site.ToString() || head.Sites != ChunkSites.Own.ToString())
        {
            throw reader.Refuse(StoreNames.Head, "it is not the stream of the site whose folder it is in");
        }

        using ExportSource source = await ExportSource.OpenAsync(theirs, head, file.Sync.Gaps(site), goesOn: true, cancellation);
        TakenChunks taken = await new ChunkTaker(file, source, cancellation).ReceiveAsync(oneTransaction: false, progress);
        return Result(site, taken, file.Sync.Gaps(site));
    }

    private static PullResult Result(SiteId site, TakenChunks taken, IReadOnlyList<StreamGap> gaps) =>
        new(site, taken.Chunks, taken.Changes, taken.Bytes, gaps.Count == 0 ? ChunkCursor.Start : gaps[^1].From, gaps.Count(gap => gap.To != null));
}
