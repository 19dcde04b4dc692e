using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Blocks.Devices;

namespace Kiln.Tests.Blocks;

/// <summary>
/// The other side of <see cref="KillTests"/>: this test program, started again with a folder in its environment, works
/// there and says aloud what was acknowledged, until it is killed.
/// </summary>
internal static class CrashChild
{
    internal const string FolderVariable = "KILN_TEST_CRASH_FOLDER";
    internal const string SeedVariable = "KILN_TEST_CRASH_SEED";
    internal const int VolumeBytes = 16 << 20;

    [ModuleInitializer]
    internal static void RunWhenAsked()
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is not { } folder) return;
        Run(folder, int.Parse(Environment.GetEnvironmentVariable(SeedVariable)!, CultureInfo.InvariantCulture));
        Environment.Exit(0);
    }

    private static void Run(string folder, int seed)
    {
        var say = Console.Out;
        using var store = Some.Store(Path.Combine(folder, "blocks"));
        var directory = Path.Combine(folder, "vol");
        using var volume = VolumeDevice.Exists(directory)
            ? VolumeDevice.Open(directory, store, _ => null!, TimeProvider.System)
            : VolumeDevice.Create(directory, VolumeBytes, null, store, _ => null!, TimeProvider.System);
        var staged = store.OpenStaged("snap-1", _ => null!) ?? store.Stage("snap-1", 1000, null);
        var random = new Random(seed);
        say.WriteLine("ready");

        // One thread: a module initializer must not wait for threads that need the module.
        while (true)
        {
            switch (random.Next(4))
            {
                case 0 or 1:
                    Put(staged, random, say);
                    break;
                case 2:
                    Write(volume, random, say);
                    break;
                default:
                    Commit(store, random, say);
                    break;
            }
        }
    }

    private static void Put(Kiln.Blocks.Manifests.StagedSnapshot staged, Random random, TextWriter say)
    {
        int index = random.Next(1000), content = random.Next(10_000);
        var block = Some.Block(content);
        say.WriteLine($"putting {index} {content}");
        staged.Put(index, block, SHA256.HashData(block));
        say.WriteLine($"put {index} {content}");
    }

    private static void Write(VolumeDevice volume, Random random, TextWriter say)
    {
        int block = random.Next(VolumeBytes / Block.Size), content = random.Next(10_000);
        say.WriteLine($"writing {block} {content}");
        volume.Write((long)block * Block.Size, Some.Block(content));
        volume.Flush();
        say.WriteLine($"flushed {block} {content}");
    }

    private static void Commit(BlockStore store, Random random, TextWriter say)
    {
        using var builder = store.BuildManifest(1000, null);
        var from = random.Next(10_000);
        for (var i = 0; i < 5; i++) builder.Put(i, Some.Block(from + i));
        say.WriteLine($"committed {builder.Commit()} {from}");
    }
}
