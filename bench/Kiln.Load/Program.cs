using Kiln.Load;

if (args is ["seed", var data, var count])
    return await Seed.Run(data, int.Parse(count, System.Globalization.CultureInfo.InvariantCulture));
if (args is ["describe", var url, var images, .. var rest])
{
    var connections = rest.Length > 0 ? int.Parse(rest[0], System.Globalization.CultureInfo.InvariantCulture) : 4;
    var seconds = rest.Length > 1 ? int.Parse(rest[1], System.Globalization.CultureInfo.InvariantCulture) : 10;
    return Describe.Run(url, int.Parse(images, System.Globalization.CultureInfo.InvariantCulture), connections, seconds);
}
Console.Error.WriteLine("usage: Kiln.Load seed DATA IMAGES | describe URL IMAGES [CONNECTIONS [SECONDS]]");
return 2;
