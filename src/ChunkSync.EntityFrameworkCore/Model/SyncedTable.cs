using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>How a table is synced. As the text of an annotation it travels with the model, its snapshots and operations of migrations: the algorithm, and
/// the flags of <c>cloudsync_init</c> when there are any, as <c>cls</c> or <c>gos 3</c>.</summary>
internal sealed record SyncedTable
{
    /// <summary>The annotation of entity types and operations.</summary>
    public const string Annotation = "ChunkSync:Synced";

    /// <summary>The annotation of entity types that keep RETURNING.</summary>
    public const string KeepReturningAnnotation = "ChunkSync:KeepReturning";

    private const string CausalLength = "cls";
    private const string GrowOnly = "gos";

    public static SyncedTable Default { get; } = new();

    public bool IsGrowOnly { get; init; }

    public bool AllowsIntegerKey { get; init; }

    public bool AllowsNotNull { get; init; }

    public bool AllowsCollation { get; init; }

    /// <summary>The algorithm's name in SQL.</summary>
    public string Algorithm => IsGrowOnly ? GrowOnly : CausalLength;

    private int Flags => (AllowsIntegerKey ? 1 : 0) | (AllowsNotNull ? 2 : 0) | (AllowsCollation ? 4 : 0);

    /// <summary>How the table of an entity type, or of an operation, is synced; null when it is not.</summary>
    public static SyncedTable? Of(IReadOnlyAnnotatable annotatable) => Parse(annotatable.FindAnnotation(Annotation)?.Value);

    /// <summary>How a table is synced; null when it is not, or not there.</summary>
    public static SyncedTable? Of(ITable? table) => table?.EntityTypeMappings.Select(mapping => Of(mapping.TypeBase)).FirstOrDefault(sync => sync != null);

    /// <summary>The call of <c>cloudsync_init</c>.</summary>
    /// <param name="table">The table as a literal of SQL.</param>
    public string Init(string table) => this == Default ? $"SELECT cloudsync_init({table})" : $"SELECT cloudsync_init({table}, '{Algorithm}', {Flags})";

    /// <summary>The annotation's value.</summary>
    public override string ToString() => Flags == 0 ? Algorithm : $"{Algorithm} {Flags}";

    private static SyncedTable? Parse(object? value)
    {
        if (value is not string text)
        {
            return null;
        }

        string[] parts = text.Split(' ');
        int flags = 0;
        bool isKnown = parts[0] is CausalLength or GrowOnly && parts.Length <= 2 && (parts.Length < 2 || int.TryParse(parts[1], out flags));
        return isKnown
            ? new()
            {
                IsGrowOnly = parts[0] == GrowOnly,
                AllowsIntegerKey = (flags & 1) != 0,
                AllowsNotNull = (flags & 2) != 0,
                AllowsCollation = (flags & 4) != 0,
            }
            : throw new InvalidOperationException($"the annotation {Annotation} is '{text}', which IsSynced has not written");
    }
}
