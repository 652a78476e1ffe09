using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Chooses whether an export goes on with the window that is there, or begins a new one, and refuses what does not fit.</summary>
/// <param name="database">The sender.</param>
/// <param name="store">Where the export is.</param>
/// <param name="defaultChunkSize">The database's own size of chunks.</param>
internal sealed class ExportBegin(SyncDatabase database, IChunkStore store, int defaultChunkSize)
{
    private const string RestartCure = "use --restart, or another place";

    /// <summary>The head that is there, and the one to go on with: the same where there is a window to be finished, or nothing to be done.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">It does not fit what is there.</exception>
    public async Task<(ExportHead? Old, ExportHead Head)> ChooseAsync(ExportRequest request, CancellationToken cancellation)
    {
        ExportHead? old = await FindAsync(request, cancellation);
        if (request.Accept != null)
        {
            await request.Accept(old);
        }

        if (old == null || request.Restart)
        {
            return (old, First(request, old));
        }

        CheckFit(old, request);
        bool isReached = request.Generation is long wanted && old.Generation >= wanted;
        if (!old.Complete || isReached)
        {
            return (old, old);
        }

        ChunkCursor begin = ChunkCursor.Behind(old.Until);
        return (old, old with
        {
            Generation = request.Generation ?? Behind(old),
            Cursor = begin,
            Since = old.Until,
            From = null,
            ChunkSize = request.ChunkSize ?? old.ChunkSize,
            Before = old.LastPart,
            Complete = false,
            MaxWindowBytes = request.MaxWindowBytes,
            WindowBytes = 0,
        });
    }

    private async Task<ExportHead?> FindAsync(ExportRequest request, CancellationToken cancellation)
    {
        try
        {
            return await new ExportReader(store).FindHeadAsync(cancellation);
        }
        catch (ToolException failure) when (request.Restart && failure.Code == ExitCode.Refused)
        {
            return null;
        }
    }

    /// <summary>The generation behind that of an export. There is none behind the largest number.</summary>
    private long Behind(ExportHead? old) => old?.Generation == long.MaxValue
        ? throw new ToolException(ExitCode.Usage, store.Address, $"generation {old.Generation} of the export there is the last one", "export it to another place")
        : (old?.Generation ?? 0) + 1;

    private ExportHead First(ExportRequest request, ExportHead? old)
    {
        ChunkCursor begin = request.From ?? ChunkCursor.Start;
        long least = Behind(old);
        return request.Generation < least
            ? throw new ToolException(ExitCode.Usage, store.Address, $"generation {request.Generation} is not new, the export there has generation {old?.Generation ?? 0}")
            : new ExportHead
            {
                Site = (request.Site ?? database.Site).ToString(),
                Generation = request.Generation ?? least,
                LastPart = null,
                Cursor = begin,
                Since = Math.Max(0, begin.DbVersion - 1),
                Until = Math.Max(0, begin.DbVersion - 1),
                ChunkSize = request.ChunkSize ?? defaultChunkSize,
                Sites = (request.Sites ?? ChunkSites.Own).ToString(),
                Before = null,
                Complete = false,
                From = begin is { Seq: 0, Offset: 0 } ? null : begin,
                MaxWindowBytes = request.MaxWindowBytes,
            };
    }

    private void CheckFit(ExportHead old, ExportRequest request)
    {
        if (old.Site != database.Site.ToString())
        {
            throw new ToolException(ExitCode.Refused, store.Address, $"the export there is that of site {old.Site}, this database is {database.Site}", RestartCure);
        }

        long newest = database.DbVersion;
        if (old.Until > newest)
        {
            throw new ToolException(ExitCode.Refused, store.Address,
                $"the export there is ahead of this file (version {old.Until}, here {newest}): it is an older copy",
                "run SELECT cloudsync_new_site() in it, then export it to another place");
        }

        if (request.Sites is ChunkSites sites && sites.ToString() != old.Sites)
        {
            throw new ToolException(ExitCode.Usage, store.Address, $"the export there has the changes of '{old.Sites}', not of '{sites}'", RestartCure);
        }

        if (!old.Complete && request.ChunkSize is int size && size != old.ChunkSize)
        {
            throw new ToolException(ExitCode.Usage, store.Address, $"the window there was begun with chunks of {old.ChunkSize} bytes, not {size}", "leave --chunk-size out, or use --restart");
        }

        if (request.From is ChunkCursor from && from > old.End)
        {
            throw new ToolException(ExitCode.Usage, store.Address, $"the export there ends at {old.End}: from {from} on there would be a hole", RestartCure);
        }
    }
}
