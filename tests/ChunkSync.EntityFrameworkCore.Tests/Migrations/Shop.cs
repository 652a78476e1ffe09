using ChunkSync.EntityFrameworkCore.Tests.Host;

namespace ChunkSync.EntityFrameworkCore.Tests.Migrations;

/// <summary>A model in three versions: authors, and books that go with their author. From 1 to 2 a column of each is added or renamed; from 2 to 3 a
/// column of each goes or becomes required, which Entity Framework does by rebuilding them.</summary>
internal static class Shop
{
    public static VersionedContext Open(string file, int version) => VersionedContext.On(file, ("shop", version), model => Build(model, version));

    public static void Build(ModelBuilder model, int version)
    {
        model.Entity("Author", author =>
        {
            author.IsSynced();
            author.Property<string>("Id");
            author.Property<string?>(version >= 2 ? "Title" : "Name");
            if (version >= 2)
            {
                author.Property<int>("Born");
            }

            author.Property<string>("Note").IsRequired(version >= 3);
        });
        model.Entity("Book", book =>
        {
            book.IsSynced();
            book.Property<string>("Id");
            book.Property<string?>("AuthorId");
            book.Property<string?>("Price");
            if (version < 3)
            {
                book.Property<string?>("Old");
            }

            if (version >= 2)
            {
                book.Property<string?>("Isbn").HasDefaultValue("none");
                book.HasIndex("Isbn");
            }

            book.HasOne("Author").WithMany().HasForeignKey("AuthorId").OnDelete(DeleteBehavior.Cascade);
        });
    }
}
