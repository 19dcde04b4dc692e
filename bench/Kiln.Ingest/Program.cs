using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kiln.Blocks;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;

// The store's own speed, without API and database. Used by bench/ingest.sh.
//   ingest STORE FILE [--key] [--parent ID --dirty FILE]   prints the manifest id
//   export STORE ID FILE [--key]
//   stage STORE FILE [--key]                               puts every block as the EBS direct API would, 4 at a time
//   volume STORE FILE DIR [--key]                          writes FILE into a volume, cuts it, uploads the cut
//   layer STORE DIR [--key]                                processor time of a guest's requests in a volume's layer
//   serve STORE ID DIR SOCKET | boot STORE ID DIR | open STORE DIR    lazy volumes: bench/lazy.sh
if (args.Length < 3)
{
    Console.Error.WriteLine("usage: ingest STORE FILE [--key] [--parent ID --dirty LIST]");
    Console.Error.WriteLine("       export STORE ID FILE [--key]");
    return 2;
}

string? Option(string name) =>
    Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;

// A fixed key is what makes the runs comparable; nothing secret passes through here.
using var domain = args.Contains("--key")
    ? new KeyDomain("bench", SHA256.HashData(Encoding.UTF8.GetBytes("key")), SHA256.HashData("salt"u8))
    : null;
using var store = BlockStore.Open(args[1], new BlockStoreOptions(), TimeProvider.System);
var clock = TimeProvider.System;
var began = clock.GetTimestamp();
switch (args[0])
{
    case "ingest":
        var parent = Option("--parent") is { } id ? new ManifestId(id) : (ManifestId?)null;
        var dirty = Option("--dirty") is { } list
            ? File.ReadLines(list).Select(l => long.Parse(l, CultureInfo.InvariantCulture)).ToList()
            : null;
        Console.WriteLine(RawImage.Import(args[2], store, domain, parent, dirty, null, CancellationToken.None));
        break;
    case "export":
        RawImage.Export(new ManifestId(args[2]), store, domain, args[3], null, CancellationToken.None);
        break;
    case "stage":
        Console.WriteLine(Staging.Run(store, args[2], domain));
        break;
    case "volume":
        Console.WriteLine(await Volumes.Run(store, args[2], args[3], domain));
        break;
    case "serve":
        Lazy.Serve(store, new ManifestId(args[2]), args[3], args[4]);
        break;
    case "boot":
        Lazy.Boot(store, new ManifestId(args[2]), args[3]);
        break;
    case "open":
        Lazy.Open(store, args[2]);
        break;
    case "layer":
        Layers.Run(store, args[2], domain);
        Layers.RunFirst(store, Path.Combine(Path.GetDirectoryName(args[2])!, "first"));
        break;
    default:
        Console.Error.WriteLine($"'{args[0]}' is not a verb.");
        return 2;
}

Console.Error.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"{args[0]} {clock.GetElapsedTime(began).TotalSeconds:F3} s, stored {store.Statistics.StoredBytes >> 20} MiB"));
return 0;
