from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbound", "0002_channels")]

    operations = [
        migrations.AddIndex(
            model_name="rawitem",
            index=models.Index(
                fields=["channel", "id"], name="raw_item_waiting_share", condition=models.Q(("state", "received"))
            ),
        ),
    ]
