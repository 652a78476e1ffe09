namespace ChunkSync.Tool;

/// <summary>Removes the chunks and parts that an export does not name: those of windows before a restart, and what stopped runs left.</summary>
/// <remarks>What a listing leaves out stays. Nobody else may export to the same place meanwhile; who reads there begins again.</remarks>
/// <param name="store">Where the export is.</param>
internal sealed class StoreSweep(IChunkStore store)
{
    /// <summary>Removes them.</summary>
    /// <param name="head">The export's head as it was written last.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>How many objects were removed.</returns>
    /// <exception cref="ToolException">The export cannot be read, or is no longer that of the head; nothing is removed then.</exception>
    public async Task<long> RunAsync(ExportHead head, CancellationToken cancellation)
    {
        ExportReader reader = new(store);
        HashSet<string> named = await NamedAsync(reader, head, cancellation);
        List<string> others = [];
        foreach (string folder in StoreNames.Folders)
        {
            await foreach (string entry in store.ListAsync(folder, cancellation))
            {
                string name = $"{folder}/{entry}";
                if (StoreNames.IsObject(name) && !named.Contains(name))
                {
                    others.Add(name);
                }
            }
        }

        if (await reader.HeadAsync(cancellation) != head)
        {
            throw new ToolException(ExitCode.Refused, store.Address, "another run exports to the same place: nothing was removed", "run it again when the other one has ended");
        }

        foreach (string name in others)
        {
            cancellation.ThrowIfCancellationRequested();
            await store.DeleteAsync(name, cancellation);
        }

        return others.Count;
    }

    private static async Task<HashSet<string>> NamedAsync(ExportReader reader, ExportHead head, CancellationToken cancellation)
    {
        HashSet<string> named = new(StringComparer.Ordinal);
        ExportChain chain = await reader.ChainAsync(head, default, cancellation);
        named.UnionWith(chain.Names);
        await foreach (ManifestChunk chunk in reader.ChunksAsync(chain, default, cancellation))
        {
            if (chunk.Name != null)
            {
                named.Add(chunk.Name);
            }
        }

        return named;
    }
}
