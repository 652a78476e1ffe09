namespace ChunkSync.Merge;

/// <summary>What a foreign key does to the rows that refer to a row that is deleted or changed. NO ACTION and RESTRICT do nothing to
/// them: <see cref="None"/>.</summary>
internal enum ReferenceAction
{
    None,
    SetNull,
    SetDefault,
    Cascade,
}
