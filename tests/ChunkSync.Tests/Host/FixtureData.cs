namespace ChunkSync.Tests.Host;

/// <summary>Names of the recorded databases.</summary>
public static class FixtureData
{
    /// <summary>Every fixture database, for theories.</summary>
    public static TheoryData<string> Names =>
    [
        "empty", "types", "composite_pk", "deletes_resurrects", "multirow_tx", "oversized", "quoted", "without_rowid",
        "relay_sites", "ties_relay", "after_alter", "block_column",
    ];
}
