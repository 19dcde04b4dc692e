using System.Globalization;
using Kiln.Load;

if (args is ["seed", var data, var count])
    return await Seed.Run(data, int.Parse(count, CultureInfo.InvariantCulture));
if (args is ["describe", var url, var images, .. var rest])
{
    int? Number(int n) => rest.Length > n ? int.Parse(rest[n], CultureInfo.InvariantCulture) : null;
    new Describe(new Uri(url), int.Parse(images, CultureInfo.InvariantCulture), Number(2))
        .Run(Number(0) ?? 4, Number(1) ?? 10);
    return 0;
}
if (args is ["cut", var at, var volume])
    return Cut.Run(new Uri(at), volume);
if (args is ["nbd-reads", var socket, var export, var depth, var seconds])
{
    return NbdReads.Run(socket, export, int.Parse(depth, CultureInfo.InvariantCulture),
        double.Parse(seconds, CultureInfo.InvariantCulture));
}
Console.Error.WriteLine(
    "usage: Kiln.Load seed DATA IMAGES | cut URL VOLUME | nbd-reads SOCKET EXPORT DEPTH SECONDS | "
    + "describe URL IMAGES [CONNECTIONS [SECONDS [SERVER-PROCESS-ID]]]");
return 2;
