using ChunkSync.Packaging;

// ChunkSync.Packaging ROOT: puts the wheels and the npm packages of what lies in ROOT/dist into ROOT/artifacts, and prints their paths.
if (args is not [string root])
{
    Console.Error.WriteLine("usage: ChunkSync.Packaging ROOT");
    return 2;
}

try
{
    Project project = Project.Read(root);
    IReadOnlyList<NativeLibrary> libraries = NativeLibrary.Find(Path.Combine(root, "dist"));
    string artifacts = Directory.CreateDirectory(Path.Combine(root, "artifacts")).FullName;
    void Write(string name, byte[] content)
    {
        string path = Path.Combine(artifacts, name);
        File.WriteAllBytes(path, content);
        Console.WriteLine(path);
    }

    foreach (NativeLibrary library in libraries)
    {
        Write(Wheel.FileName(project, library), Wheel.Make(project, library));
        string name = NpmPackage.NameOf(library);
        Write(NpmPackage.FileName(project, name), NpmPackage.MakePlatform(project, library));
    }

    Write(NpmPackage.FileName(project, "chunksync"), NpmPackage.MakeMain(project, libraries));
    return 0;
}
catch (Exception failure) when (failure is PackagingException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine("ChunkSync.Packaging: " + failure.Message);
    return 1;
}
