import "./strips.css";
import "../lib/charts";
