using Kiln.Conformance.Fixtures;
using Kiln.Service;
using Kiln.Service.Ec2.Instances.Guests;

namespace Kiln.Conformance.Guests;

/// <summary>The README's tour, where instances are machines: its disk has nothing to boot.</summary>
public sealed class TourTests
{
    [Fact]
    public async Task The_tour_ends_well_in_real_machines()
    {
        var missing = QemuHost.MissingFor(new ServiceOptions());
        Assert.SkipWhen(missing is not null, $"No machine runs here: {missing} is missing.");
        await using var kiln = new KilnProcess { Guests = "qemu" };
        await kiln.InitializeAsync();

        var tour = await kiln.Kiln(["tour"]);

        Assert.True(tour.ExitCode == 0, tour.Output + tour.Errors);
        Assert.Contains("Everything said above was checked.", tour.Output, StringComparison.Ordinal);
    }
}
