namespace ChunkSync.EntityFrameworkCore;

/// <summary>What a migration cannot do to a synced table, and how to go on.</summary>
internal static class Refusals
{
    private const string HowToGoOn = " Make a new table beside it that is synced, copy the rows over in the migration (migrationBuilder.Sql), and drop the old one"
        + " when no device uses it any more; or end the sync of the table first: a migration without IsSynced, one with this change, and one with IsSynced again,"
        + " applied on every device before they exchange anything";

    public static InvalidOperationException Rename(string table, string name) => new($"The synced table {table} cannot be renamed to {name}: for every other"
        + $" database it would be another table, without its history. Keep the name (ToTable(\"{table}\")).{HowToGoOn}");

    public static InvalidOperationException Key(string table, string before, string after) => new($"The key of the synced table {table} cannot be changed from"
        + $" ({before}) to ({after}): for every other database its rows would be other rows.{HowToGoOn}");

    public static InvalidOperationException Algorithm(string table) => new($"The synced table {table} cannot become a grow-only table, or stop being one: its history"
        + $" would not fit.{HowToGoOn}");
}
