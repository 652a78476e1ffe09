using ChunkSync.Catalog;
using ChunkSync.Format;

namespace ChunkSync.Merge;

/// <summary>A table as one whose rows others refer to by keys with actions; looked up when foreign keys are active for the first time.</summary>
internal sealed class ReferredTable(Cascades cascades, TrackedTable table)
{
    private ReferenceTable? parent;
    private bool isKnown;

    /// <summary>Looks up which rows will be reached when a row is deleted; none where foreign keys are not enforced.</summary>
    public bool FindDeleted(NativeBytes key) => Current is ReferenceTable referred && cascades.FindDeleted(referred, key);

    /// <summary>Looks up which rows will be reached when columns of a row change; none where foreign keys are not enforced.</summary>
    public bool FindUpdated(NativeBytes key, ReadOnlySpan<int> columns) =>
        Current is ReferenceTable referred && cascades.FindUpdated(referred, key, columns);

    /// <summary>The row and its clocks are written: what foreign keys did to others is captured.</summary>
    /// <param name="reaches">Whether rows were found before.</param>
    public void Capture(bool reaches)
    {
        if (reaches)
        {
            cascades.Capture();
        }
    }

    private ReferenceTable? Current
    {
        get
        {
            if (cascades.IsActive && !isKnown)
            {
                parent = cascades.Parent(table);
                isKnown = true;
            }

            return cascades.IsActive ? parent : null;
        }
    }
}
