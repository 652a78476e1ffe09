using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.EntityFrameworkCore.Storage;

namespace ChunkSync.EntityFrameworkCore.Tests.Host;

/// <summary>What <c>migrations add</c> and <c>database update</c> do, from one model to another one, without files.</summary>
public static class Evolution
{
    /// <summary>The operations from one model to another one.</summary>
    public static IReadOnlyList<MigrationOperation> Differences(DbContext? from, DbContext to) =>
        to.GetService<IMigrationsModelDiffer>().GetDifferences(from == null ? null : Relational(from), Relational(to));

    /// <summary>The commands from one model to another one.</summary>
    public static IReadOnlyList<MigrationCommand> Commands(DbContext? from, DbContext to) =>
        to.GetService<IMigrationsSqlGenerator>().Generate(Differences(from, to), to.GetService<IDesignTimeModel>().Model);

    /// <summary>The texts of the commands.</summary>
    public static string[] Sql(DbContext? from, DbContext to) =>
        [.. Commands(from, to).Select(command => (command.TransactionSuppressed ? "! " : "") + string.Join(' ', command.CommandText.Split((char[])['\n', ' '], StringSplitOptions.RemoveEmptyEntries)))];

    /// <summary>Runs them on the database of the second context.</summary>
    public static void Migrate(DbContext? from, DbContext to) =>
        to.GetService<IMigrationCommandExecutor>().ExecuteNonQuery(Commands(from, to), to.GetService<IRelationalConnection>());

    private static IRelationalModel Relational(DbContext context) => context.GetService<IDesignTimeModel>().Model.GetRelationalModel();
}
